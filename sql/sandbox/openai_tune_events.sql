-- sql/sandbox/openai_tune_events.sql: what has happened in a fine-tuning
select sandbox.openai_list('event ' || :id, :query::jsonb) as body where sandbox.get('openai', 'tune', :id) is not null
