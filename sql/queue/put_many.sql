-- Jobs of any kinds, in the order given. taken: an open job has the name already, and the row is that job's.
select j.id, s.mine is not null and j.id is distinct from s.mine as taken, job_ticket(j) as ticket
  from (select u.*, case when u.name is not null then job_id_make() end as mine
          from unnest(:kinds::text[], :args::text[], :products::text[], :tenants::text[], :accounts::bigint[],
                      :requests::text[], :priorities::integer[], :delays::integer[], :expires::integer[], :keys::text[],
                      :costs::integer[], :names::text[], :name_fors::integer[], :batches::uuid[], :chains::text[])
               with ordinality
               as u(kind, args, product, tenant, account, request, priority, delay, expires, key, cost, name, name_for,
                    batch, chain, n)) as s
 cross join lateral job_put(s.kind, s.product, s.tenant, s.account, s.args::json, s.request, s.priority,
                            now() + make_interval(secs => s.delay), s.key, now() + make_interval(secs => s.expires),
                            s.mine, s.cost, s.name, make_interval(secs => s.name_for), s.batch, s.chain::json) as j
 order by s.n
