-- sql/sandbox/replicate_version_get.sql: a version of a model
select m -> 'latest_version' as body from sandbox.replicate_model(:owner, :name) m where m -> 'latest_version' ->> 'id' = :id
