-- sql/sandbox/replicate_cancel.sql: cancel a prediction
select sandbox.replicate_cancel(:id) as body
