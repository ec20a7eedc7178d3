-- Their bytes are gone
update file set purged_at = now() where id = any (:ids::bigint[])
