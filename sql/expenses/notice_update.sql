-- Change what the caller wants to be told. What is missing stays, of each type too; of a type that is sent twice the last counts, of a channel the first.
-- The zone's condition always holds: it stands there so that one that is not known is refused before anything is written.
with kept as (
  update expenses.profile
     set notices = json_over(notices, json_strip_nulls(json_build_object(
                     'email_enabled', :email_enabled::boolean, 'push_enabled', :push_enabled::boolean,
                     'sms_enabled', :sms_enabled::boolean,
                     'quiet_hours', case when :quiet_hours::json is not null
                                         then json_over(notices -> 'quiet_hours', :quiet_hours::json) end)))
   where account_id = :account_id::bigint and coalesce(zone_known(:quiet_hours::json ->> 'timezone', 'quiet_hours.timezone'), '') is not null
  returning account_id),
sent as (
  select distinct on (s.choice ->> 'type') s.choice ->> 'type' as type, (s.choice ->> 'enabled')::boolean as enabled,
         (select array_agg(c.channel order by c.n)
            from (select channel, min(n) as n from json_array_elements_text(s.choice -> 'channels') with ordinality as e(channel, n)
                   group by channel) as c) as channels,
         s.choice -> 'channels' is not null as channelled, s.choice ->> 'frequency' as frequency
    from json_array_elements(coalesce(:preferences::json, '[]')) with ordinality as s(choice, n)
   order by s.choice ->> 'type', s.n desc),
chosen as (
  insert into expenses.notice_choice as c (account_id, type, enabled, channels, frequency)
  select kept.account_id, sent.type, coalesce(sent.enabled, was.enabled, true),
         case when sent.channelled then coalesce(sent.channels, '{}') else coalesce(was.channels, '{email,in_app}') end,
         coalesce(sent.frequency, was.frequency, 'immediate')
    from kept cross join sent
    left join expenses.notice_choice was on was.account_id = kept.account_id and was.type = sent.type
  on conflict (account_id, type) do update
     set enabled = excluded.enabled, channels = excluded.channels, frequency = excluded.frequency)
select '' as body, 'Preferences updated successfully' as message from kept
