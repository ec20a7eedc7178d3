-- sql/sandbox/stripe_event_get.sql: an event
select s.body, s.status
  from sandbox.stripe_found('event', 'event', :id) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
