-- sql/sandbox/replicate_get.sql: a prediction, which goes on a step
select sandbox.replicate_look(:id) as body
