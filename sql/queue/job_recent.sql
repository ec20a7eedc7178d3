-- Jobs made between 60 and 5 seconds ago that have not ended: those that Redis does not know are put
select id, ticket from job_open_tickets(now() - interval '60 seconds', now() - interval '5 seconds', :after, 1000)
