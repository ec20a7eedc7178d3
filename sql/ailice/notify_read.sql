-- The caller has read one of his notifications; once
update ailice.notification as n set read_at = coalesce(read_at, now())
 where n.id = :notification_id and n.account_id = :account_id
returning ailice.notification_json(n) as body
