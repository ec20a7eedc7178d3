-- Reserve the credits and a place among the running jobs in one atomic update, then put the job and its row
with plan as (
  select * from figureforge.plan_of(:account_id::bigint)),
model as (
  select m.id, m.provider, m.remote, m.credits * :batch_size::integer as cost, p.available
    from figureforge.model m
    join provider p on p.name = m.provider
   where m.id = coalesce(:model, figureforge.model_for(:account_id::bigint))),
reserved as (
  insert into figureforge.usage as u (account_id, period, used, running)
  select :account_id, figureforge.period(), model.cost, 1
    from model, plan
   where model.available and :batch_size::integer <= plan.batch and model.cost <= plan.credits
  on conflict (account_id) do update
     set period = excluded.period,
         used = case when u.period = excluded.period then u.used else 0 end + excluded.used,
         running = u.running + 1
   where u.running < (select concurrent from plan)
     and case when u.period = excluded.period then u.used else 0 end + excluded.used <= (select credits from plan)
  returning u.account_id, u.period),
put as (
  select j.id, job_ticket(j) as ticket
    from reserved r, model
   cross join lateral job_put(
           kind => 'image.generate', product => :product, tenant => :product || '/' || :account_id,
           account_id => r.account_id, request_id => :request_id,
           args => job_args_with(:job_args, json_build_object('model', model.id, 'provider', model.provider, 'remote', model.remote))) j),
noted as (
  insert into figureforge.generation (id, account_id, prompt, filters, model, batch_size, cost, period)
  select put.id, r.account_id, :prompt, coalesce(:filters::json, '{}'::json), model.id, :batch_size::integer,
         model.cost, r.period
    from put, reserved r, model)
select json_build_object('job_id', id, 'status', 'queued') as body, ticket as jobs, null as error, null as message,
       null as field
  from put
union all
select null, null, refused.error, refused.message, refused.field
  from plan
  left join model on true
  left join figureforge.usage u on u.account_id = :account_id::bigint
 cross join lateral (
         select plan.credits - case when u.period = figureforge.period() then u.used else 0 end as credits) as left_over
 cross join lateral (
         -- u is as it was before this statement: when nothing is wrong there, a twin has taken the place meanwhile
         select case when model.id is null then 'invalid'
                     when not model.available then 'unavailable'
                     when :batch_size::integer > plan.batch then 'invalid'
                     when left_over.credits < model.cost and coalesce(u.running, 0) < plan.concurrent then 'quota'
                     else 'rate_limited' end as error,
                case when model.id is null then 'There is no model of this name'
                     when not model.available then 'This model is not available here'
                     when :batch_size::integer > plan.batch
                       then format('must be at most %s on the %s plan', plan.batch, plan.tier)
                     when left_over.credits < model.cost and coalesce(u.running, 0) < plan.concurrent
                       then format('This needs %s credits; the %s plan has %s left in this period', model.cost, plan.tier,
                                   left_over.credits)
                     else format('The %s plan runs %s job(s) at once; wait for the last one', plan.tier, plan.concurrent)
                end as message,
                case when model.id is null or not model.available then 'model'
                     when :batch_size::integer > plan.batch then 'batch_size' end as field) as refused
 where not exists (select from put)
