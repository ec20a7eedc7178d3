-- The caller's payment methods, the latest first
select coalesce(json_agg(json_build_object(
         'id', m.id, 'method_type', 'stripe', 'name', expenses.method_name(m), 'details', expenses.method_details(m),
         'is_default', m.is_default, 'is_verified', true, 'created_at', iso_time(m.created_at))
         order by m.created_at desc, m.id desc), '[]') as body,
       (select count(*) from billing.payment_method
         where account_id = :account_id::bigint and detached_at is null) as total
  from (select * from billing.payment_method
         where account_id = :account_id::bigint and detached_at is null
         order by created_at desc, id desc
         limit :page_limit::bigint offset :page_offset::bigint) as m
