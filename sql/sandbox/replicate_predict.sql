-- sql/sandbox/replicate_predict.sql: run a version of a model
select a.* from sandbox.replicate_predict_version(:input::jsonb, :base_url, coalesce(:headers::jsonb ->> 'prefer' like 'wait%', false)) a
