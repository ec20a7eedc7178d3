-- One job and its history, for the operator. What is sealed in its arguments is nothing to look at.
select j.id, j.kind, j.queue, j.product, j.tenant, j.account_id, j.priority, j.request_id,
       iso_time(job_id_time(j.id)) as made_at, iso_time(j.due_at) as due_at, e.outcome, e.error, e.worker,
       iso_time(e.ended_at) as ended_at, c.asked_by as cancel_asked_by, j.version,
       case when json_typeof(j.args) = 'object'
            then (select coalesce(json_object_agg(key, case when value::text like '"mrs1.%' then '"(sealed)"'::json
                                                            else value end), '{}')
                    from json_each(j.args))
            else j.args end as args,
       coalesce((select json_agg(json_build_object('epoch', t.epoch, 'outcome', t.outcome, 'counts', t.counts,
                                                   'error', t.error, 'worker', t.worker,
                                                   'ended_at', iso_time(t.ended_at)) order by t.epoch)
                   from job_try t where t.id = j.id), '[]'::json) as tries
  from job j
  left join job_end e on e.id = j.id
  left join job_cancel c on c.id = j.id
 where j.id = :job_id
