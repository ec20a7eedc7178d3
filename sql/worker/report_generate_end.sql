-- The end of a report: its file, what a poll shows, and that who asked is told. Of a refusal the reason is for him: it says what to
-- ask for instead; anything else is the operator's to know (millrace job).
with ending as (
  select r.* from report r where r.job_id = :job_id),
stored as (
  insert into file (product, account_id, storage_key, name, type)
  select e.product, e.account_id, :folder || '/' || (:result::json ->> 'file'), (:result::json ->> 'name') || '.' || e.format,
         :result::json ->> 'type'
    from ending e
   where :outcome = 'done'
  returning id),
ended as (
  update report r
     set status = case when :outcome = 'done' then 'completed' else 'failed' end,
         error = case :outcome when 'done' then null
                               when 'cancelled' then 'The job was cancelled'
                               else coalesce(substring(:error from '^the report cannot be made: (.*)$'), 'The report could not be made') end,
         file_id = (select id from stored), file_size = (:result::json ->> 'size')::bigint,
         generated_at = case when :outcome = 'done' then now() end
    from ending
   where r.id = ending.id
  returning r.*)
select event_tell(e.product, 'notice', 'account/' || e.account_id, array[e.account_id], '{}', json_build_object(
         'type', 'report_ready', 'title', 'Your report is ready',
         'message', format('The report "%s" can be downloaded until %s.', replace(e.type, '_', ' '), iso_time(e.expires_at)),
         'metadata', json_build_object('report_id', report_ref(e.id), 'format', e.format),
         'action_url', '/reports/' || report_ref(e.id))) as ticket
  from ended e
 where e.product = 'expenses' and e.status = 'completed'
