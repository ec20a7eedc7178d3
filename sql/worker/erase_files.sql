-- Files of an account whose bytes are to go
select id, storage_key from file where account_id = :account::bigint order by id limit 100
