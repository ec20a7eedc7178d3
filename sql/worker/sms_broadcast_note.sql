-- What has become of recipients. What the provider has told meanwhile stands, and what is said of a try counts only until
-- there is another; but that a message went out counts always. When the provider's message is another one of ours, it is asked
-- again. Who was texted three times to no known end is texted no more
with told as (
  select *
    from unnest(:phones::text[], :intended::numeric[], :states::text[], :sids::text[], :codes::text[])
         as t(phone_number, intended, state, sid, code)),
mine as materialized (
  select r.phone_number, r.state as was, r.tries, r.sid as had, t.state, t.sid, t.code
    from told t
    join smsagent.recipient r on r.message_no = :no::bigint and r.phone_number = t.phone_number
   where r.state in ('trying', 'asking') and extract(epoch from r.intended_at) = t.intended
      or r.state in ('trying', 'asking', 'waiting') and t.state = 'sent'
   order by r.phone_number
     for update of r),
claimed as (
  insert into sms_owned (sid) select sid from mine where sid is distinct from had and sid is not null order by sid
  on conflict do nothing
  returning sid),
noted as (
  update smsagent.recipient r
     set state = case when m.sid is distinct from m.had and m.sid is not null and c.sid is null then 'asking'
                      when m.state = 'waiting' and m.was = 'asking' and m.tries >= 3 then 'unknown'
                      else m.state end,
         tries = r.tries + (m.was = 'trying' and m.state = 'asking')::integer,
         sid = coalesce(r.sid, c.sid), error_code = m.code
    from mine m
    left join claimed c on c.sid = m.sid
   where r.message_no = :no::bigint and r.phone_number = m.phone_number
  returning r.state, r.phone_number, r.error_code),
stopped as (
  insert into sms_stop (phone_number) select phone_number from noted where error_code = '21610' on conflict do nothing),
counted as (
  select count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'failed') as failed,
         count(*) filter (where state = 'unknown') as unknown
    from noted)
select sent + failed + unknown as ended, smsagent.message_count(:no::bigint, sent, failed, 0, unknown) as counted from counted
