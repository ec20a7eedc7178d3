-- One of the caller's items
delete from ailice.item where id = :item_id and account_id = :account_id returning '' as body
