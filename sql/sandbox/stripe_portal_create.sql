-- sql/sandbox/stripe_portal_create.sql: make a page to see to what is paid
select s.body, s.status
  from sandbox.stripe_portal_create(coalesce(:input::jsonb, '{}'), :base_url) a
 cross join lateral sandbox.stripe_shown(a, coalesce(:input::jsonb, '{}')) s
