-- Payers are told of what is due, in the transaction of the job's end: nobody is told twice
select t.ticket from expenses.remind(1000) as t(ticket) where :outcome = 'done' and :job_id::uuid is not null
