-- sql/sandbox/discord_list.sql: guilds, at most 200 behind an id
with asked as (
  select sandbox.number_of(q ->> 'limit', 200, 200) as most, case when q ->> 'after' ~ '^\d{1,18}$' then (q ->> 'after')::bigint else 0 end as behind
    from (select :query::jsonb as q) s)
select coalesce(json_agg(json_build_object('id', (100000000000000000 + n)::text, 'name', name, 'icon', null, 'banner', null, 'owner', false,
                                           'permissions', '0', 'features', '[]'::json) order by n), '[]') as body
  from (select l.* from sandbox.listed('discord') l, asked where 100000000000000000 + n > behind order by n limit (select most from asked)) page
