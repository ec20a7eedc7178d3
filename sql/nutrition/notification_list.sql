-- A page of what the caller was told, the latest first
select coalesce(json_agg(json_build_object(
         'id', 'notif_' || n.id, 'title', n.title, 'message', n.message, 'priority', n.priority,
         'is_read', n.read_at is not null, 'created_at', iso_time(n.created_at)) order by n.id desc), '[]') as body,
       (select count(*) from nutrition.notification where account_id = :account_id::bigint) as total
  from (select * from nutrition.notification
         where account_id = :account_id::bigint
         order by id desc
         limit :page_limit::bigint offset :page_offset::bigint) as n
