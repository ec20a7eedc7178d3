-- sql/sandbox/openai_chat.sql: an answer to messages
select a.* from sandbox.openai_chat(:input::jsonb) a
