-- What a worker needs to know of the jobs it has just reserved, in the order of ids. A row without kind has no job (a
-- restored backup): it is only cleaned up. Tries count from the last time that the job was kicked. linked: its end brings
-- something about.
select want.id, j.kind, j.version, j.product, j.account_id, j.args, j.tries, j.deadline, j.request_id,
       coalesce(j.expires_at < now(), false) as expired, e.id is not null as ended, c.id is not null as cancelled,
       case when t.kick is null then coalesce(t.counted, 0)
            else (select count(*) from job_try x where x.id = want.id and x.counts and x.epoch > t.kick) end as counted,
       case when t.kick is null then coalesce(t.lost, 0)
            else (select count(*) from job_try x where x.id = want.id and x.outcome = 'lost' and x.epoch > t.kick) end as lost,
       coalesce(t.wait, 0) as wait, (extract(epoch from j.due_at) * 1000)::bigint as due_ms,
       j.unique_name is not null or j.batch_id is not null or j.chain is not null as linked
  from unnest(:ids::uuid[]) with ordinality as want(id, n)
  left join job j on j.id = want.id
  left join job_end e on e.id = want.id
  left join job_cancel c on c.id = want.id
  left join (select id, count(*) filter (where counts) as counted, count(*) filter (where outcome = 'lost') as lost,
                    max(epoch) filter (where outcome in ('buried', 'cancelled')) as kick,
                    greatest(0, ceil(extract(epoch from max(not_before) - now()) * 1000))::bigint as wait
               from job_try
              where id = any (:ids::uuid[])
              group by id) as t on t.id = want.id
 order by want.n
