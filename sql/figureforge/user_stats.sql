-- What the caller has made, and what is left of this period's credits
select json_build_object(
         'images_generated', (select count(*) from figureforge.image i where i.account_id = :account_id::bigint),
         'images_remaining', greatest(p.credits - coalesce(u.used, 0), 0), 'subscription_tier', p.tier) as body
  from figureforge.plan_of(:account_id::bigint) p
  left join figureforge.usage u on u.account_id = :account_id::bigint and u.period = figureforge.period()
