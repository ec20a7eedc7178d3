-- sql/sandbox/openai_tune_list.sql: the fine-tunings
select sandbox.openai_list('tune', :query::jsonb) as body
