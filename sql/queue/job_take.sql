-- What a worker needs to know of the jobs it has just reserved, in the order of ids. A row without kind has no job (a
-- restored backup): it is only cleaned up.
select want.id, j.kind, j.version, j.product, j.account_id, j.args, j.tries, j.deadline, j.request_id,
       coalesce(j.expires_at < now(), false) as expired, e.id is not null as ended, c.id is not null as cancelled,
       t.counted, t.lost, t.wait
  from unnest(:ids::uuid[]) with ordinality as want(id, n)
  left join job j on j.id = want.id
  left join job_end e on e.id = want.id
  left join job_cancel c on c.id = want.id
 cross join lateral (
         select count(*) filter (where counts) as counted, count(*) filter (where outcome = 'lost') as lost,
                greatest(0, ceil(extract(epoch from nullif(max(not_before), '-infinity') - now()) * 1000))::bigint as wait
           from job_try
          where id = want.id and not_before < 'infinity') as t
 order by want.n
