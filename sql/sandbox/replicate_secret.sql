-- sql/sandbox/replicate_secret.sql: what webhooks are signed with
select json_build_object('key', sandbox.replicate_secret()) as body
