-- sql/sandbox/openai_tune_create.sql: begin a fine-tuning
select a.* from sandbox.openai_tune(:input::jsonb) a
