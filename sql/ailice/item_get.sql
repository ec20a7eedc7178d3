-- One of the caller's items
select ailice.item_json(i) as body from ailice.item i where i.id = :item_id and i.account_id = :account_id
