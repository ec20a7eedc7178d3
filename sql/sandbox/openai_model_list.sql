-- sql/sandbox/openai_model_list.sql: the models there are, and those that were fine-tuned here
select json_build_object('object', 'list', 'data',
         (select json_agg(json_build_object('id', name, 'object', 'model', 'created', 1700000000, 'owned_by', 'millrace-sandbox') order by n)
            from unnest(sandbox.openai_models()) with ordinality m (name, n))::jsonb
         || (sandbox.page('openai', 'model', null, null, 1000, newest => false) -> 'data')) as body,
       json_build_object('x-ratelimit-remaining-requests', '9999') as headers
