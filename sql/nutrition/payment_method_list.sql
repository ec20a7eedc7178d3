-- The caller's payment methods, the latest first; nobody has a hundred
select json_build_object('payment_methods', coalesce(json_agg(json_build_object(
         'id', m.id, 'type', m.type, 'card', billing.card_json(m), 'is_default', m.is_default,
         'created_at', iso_time(m.created_at)) order by m.created_at desc, m.id desc), '[]')) as body
  from (select * from billing.payment_method
         where account_id = :account_id and detached_at is null
         order by created_at desc, id desc
         limit 100) as m
