-- All open jobs of the last month, in pages
select id, ticket from job_open_tickets(now() - interval '32 days', now() + interval '1 minute', :after, 1000)
