-- Have a payment method attached that is charged from now on
select '' as body,
       billing.put(:account_id::bigint, :product, 'billing.attach',
                   json_build_object('payment_method_id', :payment_method_id::text, 'as_default', true), :request_id) as jobs
