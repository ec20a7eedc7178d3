-- public: what the house does by itself. Each is installed once: one that an operator has removed or changed stays so.
with house (name, kind, expression) as (
  values ('house.erase', 'maint.erase', '17 * * * *'),
         ('house.reports', 'report.expire', '29 * * * *'),
         ('house.messages', 'sms.status', '7,37 * * * *'),
         ('house.reminders', 'sms.remind', '* * * * *'),
         ('house.digests', 'mail.digest', '* * * * *'),
         ('house.expire', 'maint.expire', '43 3 * * *'),
         ('house.settlements', 'maint.remind', '3,13,23,33,43,53 * * * *'),
         ('house.probe', 'maint.probe', '* * * * *')),
fresh as (
  insert into schedule_installed (name)
  select h.name from house h join job_kind k on k.name = h.kind
  on conflict do nothing
  returning name)
select schedule_add('migrate', h.name, h.kind, h.expression, args => '{}')
  from house h
  join fresh f on f.name = h.name
 where not exists (select from schedule s where s.name = h.name)
