-- The payment method that was attached
select json_build_object('id', m.id, 'method_type', 'stripe', 'name', expenses.method_name(m), 'details', expenses.method_details(m),
                         'is_default', m.is_default) as body,
       201 as status, o.pending, o.error, case when o.error is not null then o.message end as message,
       case o.error when 'invalid' then 'stripe_token' end as field
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
  left join billing.payment_method m on m.id = o.result ->> 'payment_method_id' and m.account_id = :account_id::bigint
