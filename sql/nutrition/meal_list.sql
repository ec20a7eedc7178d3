-- A page of the caller's meals, the latest first
select coalesce(json_agg(nutrition.meal_json(m) order by m.consumed_at desc, m.id desc), '[]') as body,
       (select count(*) from nutrition.meal where account_id = :account_id::bigint) as total
  from (select * from nutrition.meal
         where account_id = :account_id::bigint
         order by consumed_at desc, id desc
         limit :page_limit::bigint offset :page_offset::bigint) as m
