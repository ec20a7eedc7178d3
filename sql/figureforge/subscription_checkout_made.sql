-- The page where the caller pays
select json_build_object('checkout_url', o.result ->> 'url') as body, o.pending, o.error, o.message
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
