-- What the ends of these jobs bring about: tickets of what was put
select ticket from job_ended(:ids::uuid[]) as ticket
