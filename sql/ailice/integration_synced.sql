-- What came of the sync that the caller waited for
select ailice.sync_json(i) as body, not exists (select from job_end e where e.id = :job_id::uuid) as pending
  from ailice.integration i
 where i.account_id = :account_id and i.service = :service
