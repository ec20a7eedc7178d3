-- Have a payment method attached
select '' as body,
       billing.put(:account_id::bigint, :product, 'billing.attach',
                   json_build_object('stripe_token', :stripe_token::text, 'name', :name::text, 'as_default', :is_default::boolean),
                   :request_id) as jobs
 where :method_type = 'stripe'
