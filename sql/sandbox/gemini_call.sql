-- sql/sandbox/gemini_call.sql: what a model is asked to do: MODEL:METHOD
select a.* from sandbox.gemini_call(:call, :input::jsonb, :query::jsonb) a
