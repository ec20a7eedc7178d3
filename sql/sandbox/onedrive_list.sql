-- sql/sandbox/onedrive_list.sql: what is in the root folder; the next page is a whole address
with asked as (
  select sandbox.number_of(q ->> '$top', 200, 1000) as most, sandbox.number_of(q ->> '$skiptoken', 0, 1000000) as behind
    from (select :query::jsonb as q) s),
page as (
  select l.*, row_number() over (order by n) as place from sandbox.listed('onedrive') l, asked
   where n > behind order by n limit (select most + 1 from asked))
select jsonb_build_object('@odata.context', 'https://graph.microsoft.com/v1.0/$metadata#users(''sandbox'')/drive/root/children')
       || case when count(*) > min(most) then jsonb_build_object('@odata.nextLink',
            format('%s/onedrive/v1.0/me/drive/root/children?$top=%s&$skiptoken=%s', :base_url::text, min(most), max(n) filter (where place = most)))
          else '{}' end
       || jsonb_build_object('value', coalesce(jsonb_agg(jsonb_build_object('id', 'SANDBOX!' || n, 'name', name || '.txt', 'size', 1024,
            'createdDateTime', sandbox.zulu(at), 'lastModifiedDateTime', sandbox.zulu(at), 'webUrl', 'https://onedrive.live.com/sandbox/' || n,
            'file', jsonb_build_object('mimeType', 'text/plain')) order by n) filter (where place <= most), '[]')) as body
  from asked left join page on true
