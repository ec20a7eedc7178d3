-- Note what is asked for, and put the job. Filters name groups that the caller is in and categories that there are
with wrong (refused) as (
  select refuse('MR422', 'is before date_from', 'filters.date_to')
   where (:filters::json ->> 'date_to')::date < (:filters::json ->> 'date_from')::date
  union all
  select refuse('MR42R', 'names a group that you are not in', 'filters.group_ids')
   where exists (select from json_array_elements_text(:filters::json -> 'group_ids') as f(ref)
                  where not exists (select from expenses.member m
                                     where m.group_id = substr(f.ref, 5)::bigint and m.account_id = :account_id and m.status = 'active'))
  union all
  select refuse('MR42R', 'names a category that there is not', 'filters.category_ids')
   where exists (select from json_array_elements_text(:filters::json -> 'category_ids') as f(ref)
                  where not exists (select from expenses.category c where c.id = substr(f.ref, 5)::numeric))),
put as (
  select j.id, job_ticket(j) as ticket
    from (select count(refused) from wrong) as checked
   cross join lateral job_put(kind => 'report.generate', product => :product, tenant => :product || '/' || :account_id,
                              account_id => :account_id::bigint, request_id => :request_id,
                              args => job_args_with(:job_args, json_build_object('report', :report_type::text))) j
   where checked.count = 0),
noted as (
  insert into report (job_id, product, account_id, type, format)
  select put.id, :product, :account_id::bigint, :report_type::text, :format from put
  returning id, requested_at)
select json_build_object('report_id', report_ref(n.id), 'status', 'processing',
                         'estimated_completion', iso_time(n.requested_at + interval '5 minutes')) as body,
       put.ticket as jobs
  from put, noted n
