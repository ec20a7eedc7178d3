-- sql/sandbox/gemini_model_list.sql: the models there are; a page begins behind the model whose place its token is
select jsonb_strip_nulls(jsonb_build_object('models', jsonb_agg(model order by n),
         'nextPageToken', case when max(n) < (select count(*) from sandbox.gemini_models()) then max(n)::text end)) as body
  from (select model, n from sandbox.gemini_models() with ordinality m (model, n)
         where n > coalesce(nullif(:query::jsonb ->> 'pageToken', '')::int, 0)
         order by n limit coalesce((:query::jsonb ->> 'pageSize')::int, 50)) page
