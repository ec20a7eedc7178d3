-- What became of buying a plan
select json_build_object(
         'subscription', json_build_object('id', s.id, 'status', s.status,
                                           'plan', json_build_object('name', p.name, 'price', p.price)),
         'client_secret', o.result ->> 'client_secret',
         'requires_action', coalesce((o.result ->> 'requires_action')::boolean, false)) as body,
       201 as status, o.pending, o.error, o.message,
       case when o.error = 'invalid' then
            case when o.result -> 'refused' ->> 'code' in ('subscribed', 'ended') then 'plan_id' else 'payment_method_id' end end as field
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
  join billing.subscription s on s.id = (o.args ->> 'subscription_id')::bigint
  join nutrition.plan p on p.id::text = o.args ->> 'plan'
