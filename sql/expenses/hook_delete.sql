-- No more events for one of the caller's addresses; what was on its way there is dropped
delete from hook where id = :webhook_id and product = :product and account_id = :account_id returning '' as body
