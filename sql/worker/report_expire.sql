-- Reports whose time is over: their files go, with the links to them. The keys are to be dropped from storage; what is not,
-- belongs to no row any more. Some at a time
with due as (
  select r.id, r.file_id from report r
   where r.status = 'completed' and r.expires_at <= now()
   order by r.expires_at
   limit 500
     for update skip locked),
closed as (
  update report r set status = 'expired', file_id = null from due where r.id = due.id
  returning due.file_id),
gone as (
  delete from file f using closed where f.id = closed.file_id
  returning f.storage_key)
select storage_key from gone
