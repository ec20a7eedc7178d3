-- A notification for the caller; for somebody else only from an administrator. No row: there is nobody of that number.
with target as (
  select a.id
    from account a
   where a.product = :product and a.deleted_at is null
     and a.id = case when coalesce(:user_id::bigint, :account_id::bigint) = :account_id::bigint
                       or exists (select from account c where c.id = :account_id::bigint and c.role = 'admin')
                     then coalesce(:user_id::bigint, :account_id::bigint)
                     else refuse('MR403', 'Only an administrator notifies somebody else')::bigint end)
insert into ailice.notification as n (account_id, title, message, notification_type, action_url, metadata)
select target.id, :title, :message, coalesce(:notification_type, 'info'), :action_url, coalesce(:metadata::json, '{}') from target
returning ailice.notification_json(n) as body
