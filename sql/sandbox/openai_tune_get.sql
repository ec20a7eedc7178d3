-- sql/sandbox/openai_tune_get.sql: a fine-tuning, which goes on a step
select sandbox.openai_tune_step(:id) as body
