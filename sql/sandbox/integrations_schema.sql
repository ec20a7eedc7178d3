-- sql/sandbox/integrations_schema.sql: what the lists of the integrations hold: so many things of a service, 25 unless a test has
-- asked for another number, the oldest first; those that a test has touched were changed then.

create function sandbox.listed(service text) returns table (n int, name text, at timestamptz) language sql stable
begin atomic
  select i, format('Sandbox %s %s', service, i),
         case when i > s.count - s.touched then s.touched_at else timestamptz '2024-01-01 00:00:00+00' + i * interval '1 hour' end
    from (select coalesce((t.body ->> 'count')::int, 25) as count, coalesce((t.body ->> 'touched')::int, 0) as touched,
                 (t.body ->> 'at')::timestamptz as touched_at
            from (select sandbox.get(service, 'listed', 'things') as body) t) s,
         generate_series(1, s.count) i;
end;

-- RFC 3339, in UTC.
create function sandbox.zulu(at timestamptz) returns text language sql immutable
return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');

-- A number from a query; what is none counts as not said.
create function sandbox.number_of(said text, standard int, most int) returns int language sql immutable
return case when said ~ '^\d{1,9}$' then least(greatest(said::int, 1), most) else standard end;

create function sandbox.items(service text, count int, touched int) returns json language sql volatile
begin atomic
  select sandbox.put(service, 'listed', 'things', jsonb_build_object('count', count, 'touched', coalesce(touched, 0), 'at', now()))::json;
end;

-- cursor: sandbox-PLACE-LIMIT
create function sandbox.dropbox_page(behind int, most int) returns json language sql stable
begin atomic
  select json_build_object('entries', coalesce(json_agg(json_build_object('.tag', 'file', 'name', name || '.txt', 'path_lower', lower('/' || name || '.txt'),
           'path_display', '/' || name || '.txt', 'id', 'id:sandbox' || n, 'client_modified', sandbox.zulu(at), 'server_modified', sandbox.zulu(at),
           'rev', lpad(n::text, 9, '0'), 'size', 1024, 'is_downloadable', true) order by n), '[]'),
           'cursor', format('sandbox-%s-%s', coalesce(max(n), behind), most),
           'has_more', coalesce(max(n), behind) < (select max(n) from sandbox.listed('dropbox')))
    from (select * from sandbox.listed('dropbox') where n > behind order by n limit most) page;
end;
