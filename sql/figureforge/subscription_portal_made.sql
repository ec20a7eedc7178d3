-- The page where the caller sees to what he pays
select json_build_object('portal_url', o.result ->> 'url') as body, o.pending, o.error, o.message
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
