-- sql/sandbox/replicate_version_list.sql: the versions of a model: one
select json_build_object('previous', null, 'next', null, 'results', json_build_array(m -> 'latest_version')) as body
  from sandbox.replicate_model(:owner, :name) m where m is not null
