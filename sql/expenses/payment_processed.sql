-- What became of a payment: one that nobody knows of is not over
select json_build_object('payment_id', expenses.payment_ref(p.id),
                         'status', case p.status when 'succeeded' then 'completed' else 'processing' end,
                         'external_transaction_id', p.stripe_charge_id,
                         'processed_at', case p.status when 'succeeded' then iso_time(p.payment_date) end) as body,
       o.pending and p.status in ('new', 'sending') as pending,
       case when p.status in ('failed', 'canceled') then coalesce(nullif(o.error, 'unavailable'), 'payment') end as error,
       case when p.status in ('failed', 'canceled') then p.error end as message
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
  join billing.payment p on p.job_id = :job_id::uuid
