-- Whether an order has this
select exists (select from ai_order where provider = :provider and remote_id = :remote_id) as taken
