-- sql/sandbox/replicate_predict_model.sql: run a model
select a.* from sandbox.replicate_model(:owner, :name) m
 cross join lateral sandbox.replicate_predict(:owner || '/' || :name, m -> 'latest_version' ->> 'id', :input::jsonb, :base_url,
                                              coalesce(:headers::jsonb ->> 'prefer' like 'wait%', false)) a
 where m is not null
