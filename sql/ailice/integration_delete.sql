-- The caller disconnects a service. What came from it stays his
delete from ailice.integration where account_id = :account_id and service = :service returning '' as body
