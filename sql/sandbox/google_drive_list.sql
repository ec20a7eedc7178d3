-- sql/sandbox/google_drive_list.sql: files, a page behind the number that its token is; q may name a time of change
with asked as (
  select sandbox.number_of(q ->> 'pageSize', 100, 1000) as most, sandbox.number_of(q ->> 'pageToken', 0, 1000000) as behind,
         substring(q ->> 'q' from 'modifiedTime > ''([^'']+)''')::timestamptz as since
    from (select :query::jsonb as q) s),
page as (
  select l.*, row_number() over (order by n) as place from sandbox.listed('google_drive') l, asked
   where n > behind and (since is null or at > since) order by n limit (select most + 1 from asked))
select json_strip_nulls(json_build_object('kind', 'drive#fileList', 'incompleteSearch', false,
         'files', coalesce(json_agg(json_build_object('kind', 'drive#file', 'id', 'sandbox-file-' || n, 'name', name || '.txt',
                                                      'mimeType', 'text/plain', 'modifiedTime', sandbox.zulu(at), 'size', '1024')
                                    order by n) filter (where place <= most), '[]'),
         'nextPageToken', case when count(*) > min(most) then (max(n) filter (where place = most))::text end)) as body
  from asked left join page on true
