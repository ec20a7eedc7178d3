-- Pieces of an account whose bytes are to go
select storage_key as id, storage_key from piece where account_id = :account::bigint limit 100
