-- sql/sandbox/openai_file_create.sql: upload a file
select a.* from sandbox.openai_upload(:input::jsonb) a
