-- Stripe has forgotten a closed account: so do we
select billing.close(:account::bigint) as closed
