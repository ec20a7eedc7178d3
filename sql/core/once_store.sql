-- The answer of a request of the caller's (:account_id) that is carried out once; sealed
update idempotency set status = :status::integer, headers = :headers, answer = :answer
 where account_id = :account_id and key = :key
