-- An event reaches those it concerns: a delivery for each address that wants it, a notification, a mail and a text for each who
-- is to be told; a line of the next mail for who has such mails gathered. All in the transaction of the job's end, so that nobody
-- hears of it twice. Addresses are taken in the order of their ids, so that two events do not wait for each other in a circle.
with told as (
  select j.id, j.product, j.request_id, j.args ->> 'event' as event, j.args ->> 'at' as at, j.args -> 'data' as data,
         array(select (json_array_elements_text(j.args -> 'audience'))::bigint) as audience,
         case when json_typeof(j.args -> 'notice') = 'object' then j.args -> 'notice' end as notice
    from job j
   where j.id = :job_id::uuid and :outcome = 'done'),
wanted as (
  select h.id
    from told t
    join hook h on h.product = t.product and h.account_id = any (t.audience) and t.event = any (h.events)
   where h.disabled_at is null and exists (select from account a where a.id = h.account_id and a.deleted_at is null)
   order by h.id
     for update of h),
numbered as (
  update hook h set sequence = h.sequence + 1 from wanted w where h.id = w.id returning h.*),
made as (
  insert into hook_delivery (hook_id, sequence, event, body)
  select n.id, n.sequence, t.event,
         json_build_object('event', t.event, 'timestamp', t.at, 'data', t.data, 'metadata',
           json_build_object('webhook_id', expenses.hook_ref(n.id), 'api_version', '1.0', 'sequence', n.sequence))::text
    from numbered n cross join told t
  returning id, hook_id),
reach as materialized (
  select r.*, t.notice from told t cross join lateral expenses.notice_reach(t.audience, t.notice) r
   where t.product = 'expenses'),
noted as (
  insert into expenses.notification (account_id, type, title, message, priority, sender_id, metadata, action_url)
  select r.account_id, r.notice ->> 'type', r.notice ->> 'title', r.notice ->> 'message',
         coalesce(r.notice ->> 'priority', 'normal'), (r.notice ->> 'sender_id')::bigint,
         coalesce(r.notice -> 'metadata', '{}'), r.notice ->> 'action_url'
    from reach r
   where r.in_app),
gathered as (
  insert into expenses.digest_item (account_id, type, title, message)
  select r.account_id, r.notice ->> 'type', r.notice ->> 'title', r.notice ->> 'message'
    from reach r
   where r.digest_at is not null),
expected as ( -- and nobody writes that mail before this is committed
  insert into expenses.digest as d (account_id, due_at)
  select r.account_id, r.digest_at from reach r where r.digest_at is not null order by r.account_id
  on conflict (account_id) do update set due_at = d.due_at),
delivered as (
  select array_agg(json_build_object('delivery', m.id) order by m.hook_id) as args,
         array_agg(n.product || '/' || n.account_id order by m.hook_id) as tenants,
         array_agg(n.account_id order by m.hook_id) as accounts, array_agg('hook/' || m.hook_id order by m.hook_id) as keys
    from made m join numbered n on n.id = m.hook_id),
mailed as (
  select array_agg(json_build_object('to', r.email, 'letter', 'notice', 'values', json_build_object(
                     'title', r.notice ->> 'title', 'message', r.notice ->> 'message', 'action_url', r.notice ->> 'action_url'))
                   order by r.account_id) as args,
         array_agg('expenses/' || r.account_id order by r.account_id) as tenants,
         array_agg(r.account_id order by r.account_id) as accounts, array_agg(r.mail_at order by r.account_id) as due
    from reach r
   where r.mail_at is not null),
texted as (
  select array_agg(json_build_object('to', r.phone, 'body', left(format('%s: %s', r.notice ->> 'title', r.notice ->> 'message'), 320))
                   order by r.account_id) as args,
         array_agg('expenses/' || r.account_id order by r.account_id) as tenants,
         array_agg(r.account_id order by r.account_id) as accounts
    from reach r
   where r.phone is not null)
select p.ticket
  from told t, delivered d, job_put_many('hook.deliver', t.product, d.args, d.tenants, d.accounts, d.keys,
                                         request_id => t.request_id) p
 where d.args is not null
union all
select p.ticket
  from told t, mailed m, job_put_many('mail.send', t.product, m.args, m.tenants, m.accounts, due_ats => m.due,
                                      request_id => t.request_id) p
 where m.args is not null
union all
select p.ticket
  from told t, texted x, job_put_many('sms.send', t.product, x.args, x.tenants, x.accounts, request_id => t.request_id) p
 where x.args is not null
