-- Change one of the caller's items: what is null stays. It is published once.
update ailice.item as i
   set title = coalesce(:title, title), description = coalesce(:description, description),
       content = coalesce(:content::json, content), item_type = coalesce(:item_type, item_type),
       status = coalesce(:status, status), metadata = coalesce(:metadata::json, metadata), updated_at = now(),
       published_at = case when :status = 'published' then coalesce(published_at, now()) else published_at end
 where i.id = :item_id and i.account_id = :account_id
returning ailice.item_json(i) as body
