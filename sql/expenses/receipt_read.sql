-- What was read on a receipt that the caller has sent; that nothing could be read is no refusal
select json_build_object('receipt_url', file_link(f, :base_url, 2), 'ocr_data', t.result,
                         'ocr_status', coalesce(t.status, 'processing')) as body,
       e.id is null as pending
  from job j
  join file f on f.id = (j.args ->> 'file_id')::bigint and f.account_id = :account_id::bigint
  left join job_end e on e.id = j.id
  left join picture_text t on t.file_id = f.id and t.job_id = j.id
 where j.id = :job_id
