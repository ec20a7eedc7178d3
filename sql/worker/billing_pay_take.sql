-- What became of a payment: what Stripe tells of it or, where there is no such thing there, the word for that
select billing.payment_end(:account::bigint, :job::uuid, :status, :why, :intent::json) as taken
