-- sql/sandbox/openai_draw.sql: pictures for a prompt
select a.* from sandbox.openai_draw(:input::jsonb, :base_url) a
