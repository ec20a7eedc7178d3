-- The caller has read one of his notifications; once
update expenses.notification as n set read_at = coalesce(read_at, now())
 where n.id = :notification_id and n.account_id = :account_id
returning json_build_object('id', 'ntf_' || n.id, 'is_read', true, 'read_at', iso_time(n.read_at)) as body
