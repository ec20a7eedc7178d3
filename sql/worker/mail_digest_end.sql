-- Whose mail is due that gathers what has happened gets it: in the transaction of the job's end, with what says that he has had it,
-- so that nobody is mailed twice
select t.ticket
  from expenses.digest_put(case when :outcome = 'done' then 1000 else 0 end) as t(ticket)
 where :job_id::uuid is not null
