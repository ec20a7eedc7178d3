-- One job and its history, for the operator. What is sealed in its arguments is nothing to look at.
select j.id, j.kind, j.queue, j.product, j.tenant, j.account_id, j.priority, j.key, j.cost, j.request_id, j.unique_name,
       iso_time(job_id_time(j.id)) as made_at, iso_time(j.due_at) as due_at, iso_time(j.expires_at) as expires_at,
       coalesce((select k.plain from job_kind k where k.name = j.kind), false) as plain, j.deadline as deadline_s, j.tries as tries_allowed, e.outcome, e.error, e.result, e.worker as ended_by,
       iso_time(e.ended_at) as ended_at, c.asked_by as cancel_asked_by, iso_time(c.asked_at) as cancel_asked_at, j.version,
       coalesce(greatest(j.due_at, (select max(t.not_before) from job_try t where t.id = j.id)) > now(), false) as later,
       case when json_typeof(j.args) = 'object'
            then (select coalesce(json_object_agg(key, case when value::text like '"mrs1.%' then '"(sealed)"'::json
                                                            else value end), '{}')
                    from json_each(j.args))
            else j.args end as args,
       coalesce((select json_agg(json_build_object('epoch', t.epoch, 'outcome', t.outcome, 'counts', t.counts,
                                                   'error', t.error, 'worker', t.worker,
                                                   'ended_at', iso_time(t.ended_at),
                                                   'not_before', iso_time(t.not_before)) order by t.epoch)
                   from job_try t where t.id = j.id), '[]'::json) as tries,
       coalesce((select json_agg(json_build_object('at', iso_time(a.at), 'who', a.who, 'action', a.action,
                                                   'details', a.details) order by a.id)
                   from (select * from audit o where o.target = j.id::text order by o.id desc limit 100) a),
                '[]'::json) as audit,
       (select json_build_object('id', b.id, 'name', b.name, 'total', b.total, 'done', b.done, 'buried', b.buried,
                                 'cancelled', b.cancelled, 'closed', b.closed, 'ended_at', iso_time(b.ended_at))
          from batch b where b.id = j.batch_id) as batch,
       (select json_agg(json_build_object('kind', step ->> 'kind') order by n)
          from json_array_elements(j.chain) with ordinality as c(step, n)) as chain
  from job j
  left join job_end e on e.id = j.id
  left join job_cancel c on c.id = j.id
 where j.id = :job_id
