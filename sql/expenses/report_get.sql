-- A report of the caller's own. Its link is the same until it ends
select case when s.status = 'failed'
            then json_build_object('report_id', report_ref(r.id), 'status', s.status, 'download_url', null,
                                   'expires_at', iso_time(r.expires_at), 'file_size', null, 'generated_at', null, 'error', r.error)
            else json_build_object('report_id', report_ref(r.id), 'status', s.status, 'download_url', s.link,
                                   'expires_at', iso_time(r.expires_at), 'file_size', r.file_size,
                                   'generated_at', iso_time(r.generated_at)) end as body,
       s.status || ' ' || coalesce(s.link, '') as etag
  from report r
 cross join lateral (
         select case when r.status = 'completed' and r.expires_at <= now() then 'expired' else r.status end as status,
                report_link(r, :base_url) as link
         offset 0) as s
 where r.id = :report_id and r.product = :product and r.account_id = :account_id
