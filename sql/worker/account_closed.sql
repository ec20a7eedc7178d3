-- Whether an account was closed: no row when it stands
select id from account where id = :account::bigint and deleted_at is not null
 union all
select :account::bigint where not exists (select from account where id = :account::bigint)
