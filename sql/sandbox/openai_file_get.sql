-- sql/sandbox/openai_file_get.sql: one file
select sandbox.get('openai', 'file', :id) as body
