-- sql/sandbox/stripe_renew.sql: the sandbox's own: the next period begins
select s.body, s.status
  from sandbox.stripe_renew(:settings::json, :id) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
