-- public: the signature was checked. What is kept already changes nothing, and what is of nobody here is kept all the same
select json_build_object('status', 'received') as body,
       billing.event_put(:product, :id, :type, :created::bigint, :data::json, :request_id) as jobs
