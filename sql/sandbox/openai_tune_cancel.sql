-- sql/sandbox/openai_tune_cancel.sql: cancel a fine-tuning
select a.* from sandbox.openai_tune_cancel(:id) a
