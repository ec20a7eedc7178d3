-- Whether the payment method was detached
select '' as body, 204 as status, o.pending, o.error, o.message
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
