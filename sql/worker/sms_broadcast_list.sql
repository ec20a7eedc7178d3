-- Another part of a broadcast's snapshot: those who were known and of its tiers when it was asked for. No row: it is whole
with asked as materialized (
  select * from smsagent.message where no = :no::bigint and listed_to is not null for update),
part as materialized (
  select p.phone_number, p.created_at <= a.created_at and (a.tiers is null or smsagent.tier_at(p, a.created_at) = any (a.tiers))
         and not exists (select from sms_stop s where s.phone_number = p.phone_number) as wanted
    from asked a
   cross join lateral (select * from smsagent.person p where p.phone_number > a.listed_to order by p.phone_number limit 20000) as p),
added as (
  insert into smsagent.recipient (message_no, phone_number)
  select :no::bigint, phone_number from part where wanted
  returning 1)
update smsagent.message m
   set listed_to = part.last, listed = m.listed + part.added,
       recipients = case when part.last is null then m.listed + part.added else m.recipients end
  from (select case when count(*) = 20000 then max(phone_number) end as last, (select count(*) from added) as added
          from part) as part
 where m.no = :no::bigint and exists (select from asked)
returning m.recipients
