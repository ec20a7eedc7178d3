-- Files of an account whose bytes are to go: all but what groups show
select f.id, f.storage_key
  from file f
 where f.account_id = :account::bigint and not expenses.is_shown_in_group(f.id)
 order by f.id
 limit 100
