-- Have a page made where the caller sees to what he pays
select '' as body,
       billing.put(:account_id::bigint, :product, 'billing.portal', json_build_object('return_url', coalesce(:return_url, :base_url)),
                   :request_id) as jobs
