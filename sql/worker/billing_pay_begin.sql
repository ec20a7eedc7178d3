-- Say that a payment is being sent, before it is; since: when it was said before, so that something may have come of it.
-- What has come to an end meanwhile, which an event may have told, stays as it is
with before as (
  select p.id, p.status, p.asked_at, p.status in ('new', 'sending', 'unknown') as open
    from billing.payment p
   where p.job_id = :job and p.account_id = :account::bigint
     for update)
update billing.payment p
   set status = case when b.open then 'sending' else p.status end, asked_at = coalesce(p.asked_at, now())
  from before b
 where p.id = b.id
returning case when not b.open then b.status end as ended, p.stripe_payment_intent_id as intent, p.amount, p.currency,
          p.payment_method, p.description, case when b.status <> 'new' then extract(epoch from b.asked_at)::bigint - 300 end as since
