-- Jobs made within the last `span` seconds, but not the last 5 (their producers are telling Redis themselves), that have
-- not ended: those that Redis does not know are put
select id, ticket
  from job_open_tickets(now() - make_interval(secs => :span::double precision), now() - interval '5 seconds', :after, 1000)
