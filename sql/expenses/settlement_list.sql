-- A page of the settlements that the caller pays or is paid by, the latest first
with mine as not materialized (
  select created_at, id from expenses.settlement
   where payer_id = :account_id::bigint and :role is distinct from 'payee'
     and (:status::text is null or status = :status) and (:group_id::bigint is null or group_id = :group_id::bigint)
   union all
  select created_at, id from expenses.settlement
   where payee_id = :account_id::bigint and :role is distinct from 'payer'
     and (:status::text is null or status = :status) and (:group_id::bigint is null or group_id = :group_id::bigint)),
page as materialized (
  select created_at, id, row_number() over () as n
    from ((select created_at, id from mine
            where :page_before::json is null
              and (created_at, id) < (coalesce((:page_after::json ->> 0)::timestamptz, 'infinity'),
                                      (:page_after::json ->> 1)::bigint)
            order by created_at desc, id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select created_at, id from mine
            where (created_at, id) > ((:page_before::json ->> 0)::timestamptz, (:page_before::json ->> 1)::bigint)
            order by created_at, id
            limit 101)) as read
   limit :page_more::bigint)
select coalesce(json_agg(expenses.settlement_json(t) order by p.created_at desc, p.id desc)
                filter (where p.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(p.created_at, p.id)::text, E'\n' order by p.n) as keys,
       (select count(*) from mine) as total
  from page p
  join expenses.settlement t on t.id = p.id
