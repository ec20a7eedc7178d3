-- Which of these jobs are open, and what Redis is told of them
select want.id, j.id is not null and e.id is null as open,
       case when j.id is not null and e.id is null
            then job_ticket(j, (select max(t.not_before) from job_try t where t.id = j.id)) end as ticket
  from unnest(:ids::uuid[]) as want(id)
  left join job j on j.id = want.id
  left join job_end e on e.id = want.id
