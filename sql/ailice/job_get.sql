-- A job that the caller has asked for, and what came of it. What a rendition's job has only cut goes on in other jobs: the rendition
-- knows.
select json_build_object('job_id', j.id, 'kind', j.kind, 'status', state.word,
                         'result', case when e.result -> 'parts' is null then e.result end,
                         'error', case state.word when 'failed' then coalesce(p.error, t.error, r.error, 'The job failed')
                                                  when 'cancelled' then 'The job was cancelled' end,
                         'created_at', ailice.stamp(job_id_time(j.id)),
                         'finished_at', ailice.stamp(case when r.id is null then e.ended_at else r.finished_at end)) as body,
       state.word in ('queued', 'processing') as pending, state.word as etag
  from job j
  left join job_end e on e.id = j.id
  left join ailice.prediction p on p.id = j.id
  left join ailice.training t on t.job_id = j.id
  left join ailice.rendition r on r.id = j.id
 cross join lateral (
         select case when r.id is not null then r.status
                     when e.id is not null then ailice.ended(e.outcome)
                     else coalesce(p.status, t.status, 'queued') end as word) as state
 where j.id = :job_id and j.product = 'ailice' and j.account_id = :account_id
   and split_part(j.kind, '.', 1) in ('ai', 'media', 'integ')
