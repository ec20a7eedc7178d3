-- A payment method that was detached
update billing.payment_method m set detached_at = coalesce(m.detached_at, now()), is_default = false
 where m.id = :method and m.account_id = :account::bigint
