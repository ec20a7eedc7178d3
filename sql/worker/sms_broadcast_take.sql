-- The next recipients of a broadcast. That they are about to be texted is committed before they are; who has asked not to be
-- meanwhile is passed over. intended: when these were tried, exactly
with moment as materialized (
  select clock_timestamp() as at),
picked as materialized (
  select r.phone_number, exists (select from sms_stop s where s.phone_number = r.phone_number) as stopped
    from smsagent.recipient r
   where r.message_no = :no::bigint and r.state = 'waiting' and r.phone_number > :after
   order by r.phone_number
   limit :most::bigint
     for update of r),
marked as (
  update smsagent.recipient r
     set state = case when p.stopped then 'skipped' else 'trying' end, intended_at = moment.at
    from picked p, moment
   where r.message_no = :no::bigint and r.phone_number = p.phone_number
  returning r.phone_number, r.state),
found as (
  select count(*) as n, count(*) filter (where state = 'skipped') as skipped, max(phone_number) as last,
         string_agg(phone_number, ' ' order by phone_number) filter (where state = 'trying') as phones
    from marked)
select n, skipped, last, phones, (select extract(epoch from at) from moment) as intended,
       smsagent.message_count(:no::bigint, 0, 0, skipped, 0) as counted
  from found
