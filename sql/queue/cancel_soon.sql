-- Ask for a job's end, running or not. The ticket brings one that waits to the front of its queue, due or not.
with asked as (
  insert into job_cancel (id, asked_by)
  select j.id, :asked_by from job j
   where j.id = :job_id and not exists (select from job_end e where e.id = j.id)
  on conflict do nothing)
select e.id is not null as ended, j.queue, job_ticket_now(j) as ticket
  from job j
  left join job_end e on e.id = j.id
 where j.id = :job_id
