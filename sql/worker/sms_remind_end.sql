-- Who is to be reminded of a meal is texted, and told among his notifications: in the transaction of the job's end, with the row
-- that says so, so that nobody is reminded twice. When Twilio does not come to it in two hours it is too late. A reminder that is,
-- and one in a zone that nobody knows any more, is passed over.
with due as (
  select p.account_id, p.preferences ->> 'phone' as phone,
         case when zone_holds(p.preferences ->> 'timezone')
              then nutrition.reminder_due(p.preferences, p.reminded_to, now()) at time zone (p.preferences ->> 'timezone') end as at
    from nutrition.profile p
    join account a on a.id = p.account_id and a.deleted_at is null
   where :outcome = 'done' and :job_id::uuid is not null and p.remind_at <= now()
   order by p.remind_at
   limit 1000
     for update of p skip locked),
looked as (
  update nutrition.profile p set reminded_to = now() from due d where p.account_id = d.account_id
  returning d.account_id, d.phone, d.at),
reminded as (
  select account_id, phone, at, to_char(at, 'HH24:MI') as clock from looked where at is not null),
noted as (
  insert into nutrition.notification (account_id, about, title, message, priority)
  select account_id, 'reminder:' || to_char(at, 'YYYY-MM-DD HH24:MI'), 'Meal Reminder', format('It is %s: time to enter your meal', clock), 'low'
    from reminded
  on conflict do nothing),
texts as (
  select array_agg(json_build_object('to', phone, 'body', format('It is %s: time to enter your meal. Reply STOP to end these reminders.', clock))
                   order by account_id) as args,
         array_agg('nutrition/' || account_id order by account_id) as tenants,
         array_agg(account_id order by account_id) as accounts
    from reminded)
select p.ticket
  from texts t, job_put_many('sms.send', 'nutrition', t.args, t.tenants, t.accounts, expires_at => now() + interval '2 hours') p
 where t.args is not null
