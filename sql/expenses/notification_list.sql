-- A page of what the caller was told, the latest first
select coalesce(json_agg(json_build_object(
         'id', 'ntf_' || n.id, 'type', n.type, 'title', n.title, 'message', n.message, 'priority', n.priority,
         'is_read', n.read_at is not null,
         'sender', (select json_build_object('id', expenses.user_ref(p.account_id), 'name', p.first_name || ' ' || p.last_name)
                      from expenses.profile p where p.account_id = n.sender_id),
         'metadata', n.metadata, 'action_url', n.action_url, 'created_at', iso_time(n.created_at)) order by n.id desc), '[]') as body,
       (select count(*) from expenses.notifications(:account_id::bigint, :is_read::boolean, :type, :priority, null)) as total,
       json_build_object('unread_count', (select count(*) from expenses.notification u
                                           where u.account_id = :account_id::bigint and u.read_at is null)) as meta
  from (select * from expenses.notifications(:account_id::bigint, :is_read::boolean, :type, :priority,
                                             :page_limit::bigint + :page_offset::bigint) as n
         order by n.id desc
         limit :page_limit::bigint offset :page_offset::bigint) as n
