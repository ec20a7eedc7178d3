-- sql/sandbox/openai_file_list.sql: the files
select sandbox.openai_list('file', :query::jsonb, jsonb_strip_nulls(jsonb_build_object('purpose', :query::jsonb ->> 'purpose'))) as body
