-- public: the price list
select json_build_object('plans', json_agg(
         json_build_object('id', p.id, 'name', p.name, 'description', p.description, 'price', p.price,
                           'currency', p.currency, 'interval', p.period, 'features', to_json(p.features),
                           'is_active', p.is_active, 'stripe_price_id', p.stripe_price_id) order by p.id)) as body
  from nutrition.plan p
 where p.is_active
