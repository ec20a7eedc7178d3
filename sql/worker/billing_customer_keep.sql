-- Stripe knows the account from now on; the one that is kept already, should there be one
select billing.customer_keep(:account::bigint, :customer) as customer
