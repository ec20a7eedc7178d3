-- The payment method that is charged from now on
select json_build_object('payment_method_id', m.id, 'is_default', m.is_default, 'card', billing.card_json(m)) as body,
       o.pending, o.error, o.message, case o.error when 'invalid' then 'payment_method_id' end as field
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
  left join billing.payment_method m on m.id = o.result ->> 'payment_method_id' and m.account_id = :account_id::bigint
