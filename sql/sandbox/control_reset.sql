-- sql/sandbox/control_reset.sql: forget everything
select json_build_object('reset', true) as body from sandbox.reset()
