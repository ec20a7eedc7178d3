-- Jobs made within the last `span` seconds, but not the last 5 (their producers are telling Redis themselves), that have
-- not ended: those that Redis does not know are put
select id, queue, ticket
  from job_open_page(greatest(:after::uuid, job_id_floor(now() - make_interval(secs => :span::double precision))),
                     now() - interval '5 seconds', 5000)
