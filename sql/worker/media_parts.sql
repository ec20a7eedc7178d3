-- The parts that a video was made in, in their order, its sound behind them
select p.track, p.made, p.error
  from media_part p
 where p.transcode_id = :transcode_id
 order by p.track, p.position
