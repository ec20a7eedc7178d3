-- sql/sandbox/openai_file_content.sql: what is in it
select sandbox.get('openai', 'content', :id) ->> 'base64' as body, true as base64, 'application/octet-stream' as media
