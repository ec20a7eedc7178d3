-- sql/sandbox/stripe_authenticate.sql: the sandbox's own: the card's owner says yes
select s.body, s.status
  from sandbox.stripe_authenticate(:settings::json, :id) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
