-- sql/sandbox/replicate_model_get.sql: one model
select sandbox.replicate_model(:owner, :name) as body
