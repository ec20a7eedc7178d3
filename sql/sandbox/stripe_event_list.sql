-- sql/sandbox/stripe_event_list.sql: events
select s.body, s.status
  from sandbox.stripe_list('event', '/v1/events', :query::jsonb) a
 cross join lateral sandbox.stripe_shown(a, :query::jsonb) s
