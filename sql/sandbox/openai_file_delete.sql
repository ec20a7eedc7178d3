-- sql/sandbox/openai_file_delete.sql: delete a file, and what was in it
select json_build_object('id', :id::text, 'object', 'file', 'deleted', true) as body
 where sandbox.remove('openai', 'file', :id) and sandbox.remove('openai', 'content', :id)
