-- Their bytes are gone
delete from piece where storage_key = any (:ids::text[])
