-- Stripe does not know a customer any more
select billing.customer_gone(:account::bigint, :customer) as gone
