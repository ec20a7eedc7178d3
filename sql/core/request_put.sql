-- public: the front's own, a batch of what became of requests. One that has come already, whose answer was lost, is not
-- written again
with record as materialized (
  select timestamptz 'epoch' + u.at * interval '1 microsecond' as at, u.product, u.operation, u.status, u.us, u.account,
         u.request_id
    from unnest(:ats::bigint[], :products::text[], :operations::text[], :statuses::smallint[], :times::integer[],
                :accounts::bigint[], :request_ids::text[])
         as u(at, product, operation, status, us, account, request_id)),
batch as (
  insert into request_batch (front, number, first_at, last_at)
  select :front::uuid, :number::bigint, min(r.at), max(r.at) from record r
  on conflict (front, number) do nothing
  returning id)
insert into request (at, batch, account_id, us, status, product, operation, request_id)
select r.at, b.id, r.account, r.us, r.status, r.product, r.operation, r.request_id
  from batch b cross join record r
