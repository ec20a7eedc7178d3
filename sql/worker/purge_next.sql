-- Files that nobody can reach any more, a day after they were removed
select id, storage_key from file
 where deleted_at < now() - interval '1 day' and purged_at is null
 order by deleted_at
 limit 100
