-- The payment method that was attached
select json_build_object('id', m.id, 'type', m.type, 'card', billing.card_json(m), 'is_default', m.is_default) as body,
       201 as status, o.pending, o.error, o.message, case o.error when 'invalid' then 'payment_method_id' end as field
  from billing.outcome(:job_id::uuid, :account_id::bigint) o
  left join billing.payment_method m on m.id = o.result ->> 'payment_method_id' and m.account_id = :account_id::bigint
