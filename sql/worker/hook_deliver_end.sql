-- The first attempt of a delivery has been made, or never will be (the job was cancelled, or nothing came of its tries): then
-- it has failed, so that those behind it do not wait for it. One that failed is tried again in a minute, by a job that holds
-- up nobody.
with tried as (
  select d.id, j.product, j.tenant, j.account_id, j.request_id, (:result::json ->> 'delivered')::boolean as delivered
    from job j
    join hook_delivery d on d.id = (j.args ->> 'delivery')::uuid
   where j.id = :job_id::uuid and d.state = 'new'),
noted as (
  select hook_tried(id, coalesce(delivered, false), (:result::json ->> 'status')::integer,
                    coalesce(:result::json ->> 'error', :error), delivered is null) as ticket
    from tried),
again as (
  select job_ticket(job_put('hook.retry', product, tenant, account_id, json_build_object('delivery', id), request_id,
                            due_at => now() + interval '1 minute')) as ticket
    from tried
   where not delivered)
select ticket from noted union all select ticket from again
