-- How a job stands, for its producer
select j.kind, j.queue, e.outcome, nullif(e.result::text, 'null') as result, t.failed,
       case when e.id is null then t.error else e.error end as error
  from job j
  left join job_end e on e.id = j.id
 cross join lateral (select count(*) filter (where counts) as failed,
                            (array_agg(error order by epoch desc))[1] as error
                       from job_try where id = j.id) as t
 where j.id = :job_id
