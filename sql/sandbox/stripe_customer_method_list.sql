-- sql/sandbox/stripe_customer_method_list.sql: a customer's payment methods
select s.body, s.status
  from sandbox.stripe_list('payment_method', '/v1/customers/' || :id || '/payment_methods', :query::jsonb, jsonb_build_object('customer', :id::text)) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
