-- sql/sandbox/replicate_list.sql: the predictions
select sandbox.replicate_list(:query::jsonb, :base_url) as body
