-- The tier of the caller's account, which rate limits go by
select tier from account where id = :account_id
