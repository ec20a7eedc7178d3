-- A payment that nobody knew of is looked for again. One that failed stays so: who wants to pay does so anew
update billing.payment set status = 'sending', error = null where job_id = :job_id and status = 'unknown'
