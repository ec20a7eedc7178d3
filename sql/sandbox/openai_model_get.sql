-- sql/sandbox/openai_model_get.sql: one model
select coalesce(sandbox.get('openai', 'model', :id),
                (select jsonb_build_object('id', name, 'object', 'model', 'created', 1700000000, 'owned_by', 'millrace-sandbox')
                   from unnest(sandbox.openai_models()) name where name = :id)) as body
