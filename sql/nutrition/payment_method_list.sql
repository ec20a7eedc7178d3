-- The caller's payment methods, the latest first; nobody has a hundred
select json_build_object('payment_methods', coalesce(json_agg(json_build_object(
         'id', m.id, 'type', m.type,
         'card', case when m.last4 is not null
                      then json_build_object('brand', m.brand, 'last4', m.last4, 'exp_month', m.exp_month,
                                             'exp_year', m.exp_year) end,
         'is_default', m.is_default, 'created_at', iso_time(m.created_at)) order by m.created_at desc, m.id desc), '[]')) as body
  from (select * from nutrition.payment_method
         where account_id = :account_id
         order by created_at desc, id desc
         limit 100) as m
