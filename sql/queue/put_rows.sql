-- Put many jobs of any kinds, under ids that were made before, perhaps long before: the queue took no more. An id that is
-- there already is left alone: its commit was not heard of, and it may have ended and given up its name since. A row with a
-- unique name answers whoever has it. Tickets, in the order of the rows.
with said as materialized (
  select s.*, k.queue, k.version, k.deadline, k.tries,
         coalesce(to_timestamp(s.due), now() + make_interval(secs => s.delay)) as due_at,
         s.unique_name is not null and (select j.id from job j where j.id = s.id) is null as named,
         case when k.name is null then refuse('MR404', job_kind_unknown(s.kind))
              when q.refusing then refuse('MR503', 'The queue takes no more jobs now: ' || q.why) end as refusal
    from unnest(:ids::uuid[], :kinds::text[], :products::text[], :tenants::text[], :accounts::bigint[], :args::json[],
                :priorities::smallint[], :keys::text[], :costs::integer[], :delays::double precision[],
                :dues::double precision[], :uniques::text[]) with ordinality
         as s(id, kind, product, tenant, account_id, args, priority, key, cost, delay, due, unique_name, n)
    left join job_kind k on k.name = s.kind
    left join queue q on q.name = k.queue),
made as (
  insert into job as j (id, kind, version, queue, product, tenant, account_id, priority, key, args, due_at, later, deadline,
                        tries, request_id, cost, batch_id)
  select id, kind, version, queue, product, tenant, account_id, priority, key, args, due_at,
         due_at > now() + interval '10 minutes', deadline, tries, :request_id, cost, :batch::uuid
    from said
   where refusal is null and unique_name is null
   order by n
  on conflict do nothing
  returning j.id, job_ticket(j.*) as ticket),
named as (
  select s.n, p.id, job_ticket(p) as ticket
    from said s
   cross join lateral job_put(kind => s.kind, product => s.product, tenant => s.tenant, account_id => s.account_id,
                              args => s.args, request_id => :request_id, priority => s.priority::integer,
                              due_at => s.due_at, key => s.key, id => s.id, cost => s.cost, unique_name => s.unique_name,
                              batch => :batch::uuid) as p
   where s.refusal is null and s.named),
counted as (
  select case when :batch::uuid is not null and count(*) > 0 then batch_add(:batch::uuid, count(*)::integer) end from made),
given as (
  select count(job_id_given(id)) from said where unique_name is null)
select case when s.named then p.id else s.id end as id, coalesce(p.ticket, m.ticket) as ticket
  from said s
 cross join counted
 cross join given
  left join made m on m.id = s.id
  left join named p on p.n = s.n
 order by s.n
