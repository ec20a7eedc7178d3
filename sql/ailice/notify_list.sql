-- A page of what the caller was told, the latest first
select coalesce(json_agg(ailice.notification_json(n) order by n.id desc), '[]') as body
  from (select * from ailice.notifications(:account_id::bigint, :unread_only::boolean, :page_limit::bigint + :page_offset::bigint) as n
         order by n.id desc
         limit :page_limit::bigint offset :page_offset::bigint) as n
