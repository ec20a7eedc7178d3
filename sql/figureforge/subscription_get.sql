-- The plan the caller is on, and what of it is paid
select figureforge.subscription_json(s) as body
  from (values (1)) as one
  left join billing.subscription_now(:account_id::bigint) s on billing.live(s.status)
