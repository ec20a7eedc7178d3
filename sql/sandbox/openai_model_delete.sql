-- sql/sandbox/openai_model_delete.sql: delete a model that was fine-tuned here
select json_build_object('id', :id::text, 'object', 'model', 'deleted', true) as body where sandbox.remove('openai', 'model', :id)
