-- sql/sandbox/github_list.sql: repositories; the next page stands in the header Link
with asked as (
  select sandbox.number_of(q ->> 'per_page', 30, 100) as most, sandbox.number_of(q ->> 'page', 1, 100000) as page,
         (q ->> 'since')::timestamptz as since, coalesce('&since=' || (q ->> 'since'), '') as said
    from (select :query::jsonb as q) s),
fit as (
  select l.*, row_number() over (order by n) as place from sandbox.listed('github') l, asked where since is null or at > since),
part as (
  select f.* from fit f, asked where place > (page - 1) * most and place <= page * most)
select coalesce((select json_agg(json_build_object('id', 1000 + n, 'node_id', 'R_sandbox' || n, 'name', replace(lower(name), ' ', '-'),
                                 'full_name', 'millrace-sandbox/' || replace(lower(name), ' ', '-'), 'private', false,
                                 'owner', json_build_object('login', 'millrace-sandbox', 'id', 1, 'type', 'User'),
                                 'html_url', 'https://github.com/millrace-sandbox/' || replace(lower(name), ' ', '-'),
                                 'description', name, 'fork', false, 'language', 'C', 'default_branch', 'main',
                                 'created_at', sandbox.zulu(at), 'updated_at', sandbox.zulu(at), 'pushed_at', sandbox.zulu(at)) order by n)
                   from part), '[]') as body,
       case when (select count(*) from fit) > page * most then json_build_object('Link',
         (select string_agg(format('<%s/github/user/repos?per_page=%s%s&page=%s>; rel="%s"', :base_url::text, most, said, at, rel), ', ' order by at)
            from (values ('next', page + 1), ('last', ceil((select count(*) from fit)::numeric / most)::int)) link (rel, at))) end as headers
  from asked
