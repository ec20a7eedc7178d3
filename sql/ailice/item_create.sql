-- An item of the caller's
insert into ailice.item as i (account_id, title, description, content, item_type, status, metadata, published_at)
values (:account_id::bigint, :title, coalesce(:description, ''), coalesce(:content::json, '{}'), :item_type,
        coalesce(:status, 'draft'), coalesce(:metadata::json, '{}'), case when :status = 'published' then now() end)
returning ailice.item_json(i) as body
