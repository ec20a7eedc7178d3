-- Buy a plan, or change from one to another. The plan that costs nothing needs no payment method, and Stripe is not asked. An
-- account buys one at a time: subscription_buying
with asked as (
  select p.* from nutrition.plan p where p.id = :plan_id::integer and p.is_active),
held as materialized (
  select s.* from billing.subscription_now(:account_id::bigint) s where billing.live(s.status)),
judged as (
  select case when a.id is null then refuse('MR400', 'There is no such plan', 'plan_id')
              when h.plan = a.id::text then refuse('MR400', 'You have this plan', 'plan_id')
              when a.price = 0 and h.id is not null then refuse('MR400', 'Cancel the subscription instead', 'plan_id')
              when a.price > 0 and a.stripe_price_id is null then refuse('MR503', 'This plan cannot be bought now')
              when a.price > 0 and :payment_method_id::text is null and not exists (
                     select from billing.payment_method m
                      where m.account_id = :account_id::bigint and m.is_default and m.detached_at is null)
              then refuse('MR400', 'is required', 'payment_method_id') end as refusal,
         coalesce(a.price, 0) > 0 as costs, h.id as held
    from (values (1)) as one
    left join asked a on true
    left join held h on true),
begun as (
  insert into billing.subscription (account_id, plan, status, amount, currency, current_period_start, current_period_end,
                                    buying)
  select :account_id::bigint, a.id::text, 'incomplete', (a.price * 100)::bigint, lower(a.currency), now(), now() + interval '1 month',
         true
    from asked a cross join judged j
   where j.refusal is null and j.costs and j.held is null
  on conflict (account_id) where buying do nothing
  returning id, status),
mine as (
  select b.id, b.status, false as change from begun b
   union all
  select h.id, h.status, true from held h cross join judged j where j.refusal is null and j.costs)
select json_build_object(
         'subscription', json_build_object('id', m.id, 'status', coalesce(m.status, 'active'),
                                           'plan', json_build_object('name', a.name, 'price', a.price)),
         'client_secret', null, 'requires_action', false) as body,
       case when m.id is not null then
            billing.put(:account_id::bigint, :product, 'billing.subscribe',
                        json_build_object('subscription_id', m.id, 'plan', a.id::text,
                                          'payment_method_id', :payment_method_id::text, 'change', m.change),
                        :request_id, true, case when m.change then billing.wish_plan(m.id) end)
            when j.costs then refuse('MR400', 'A plan is being bought already', 'plan_id') end as jobs
  from judged j
  join asked a on j.refusal is null
  left join mine m on true
