-- Have a payment method attached
select '' as body,
       billing.put(:account_id::bigint, :product, 'billing.attach',
                   json_build_object('payment_method_id', :payment_method_id::text, 'as_default', :set_as_default::boolean),
                   :request_id) as jobs
