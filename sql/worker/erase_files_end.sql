-- Their bytes are gone: so go they, and what showed them
select erase_where('file', format('id = any (%L::bigint[])', :ids::text), 1000) as gone
