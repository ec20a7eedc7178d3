-- sql/sandbox/gitlab_list.sql: projects; pages are counted in headers
with asked as (
  select sandbox.number_of(q ->> 'per_page', 20, 100) as most, sandbox.number_of(q ->> 'page', 1, 100000) as page,
         (q ->> 'last_activity_after')::timestamptz as since
    from (select :query::jsonb as q) s),
fit as (
  select l.*, row_number() over (order by n) as place from sandbox.listed('gitlab') l, asked where since is null or at > since),
part as (
  select f.* from fit f, asked where place > (page - 1) * most and place <= page * most),
whole as (select count(*) as total from fit)
select coalesce((select json_agg(json_build_object('id', 2000 + n, 'name', name, 'name_with_namespace', 'Sandbox / ' || name,
                                 'path', replace(lower(name), ' ', '-'), 'path_with_namespace', 'millrace-sandbox/' || replace(lower(name), ' ', '-'),
                                 'description', name, 'default_branch', 'main', 'visibility', 'public',
                                 'web_url', 'https://gitlab.com/millrace-sandbox/' || replace(lower(name), ' ', '-'),
                                 'created_at', sandbox.zulu(at), 'last_activity_at', sandbox.zulu(at)) order by n)
                   from part), '[]') as body,
       json_build_object('X-Total', total::text, 'X-Total-Pages', ceil(total::numeric / most)::text, 'X-Per-Page', most::text,
                         'X-Page', page::text, 'X-Next-Page', case when total > page * most then (page + 1)::text else '' end,
                         'X-Prev-Page', case when page > 1 then (page - 1)::text else '' end) as headers
  from asked, whole
