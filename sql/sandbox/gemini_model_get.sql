-- sql/sandbox/gemini_model_get.sql: one model
select model as body from sandbox.gemini_models() model where model ->> 'name' = 'models/' || :id
