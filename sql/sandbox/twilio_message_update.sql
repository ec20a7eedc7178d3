-- sql/sandbox/twilio_message_update.sql: an empty text takes the place of a message's own; nothing else can be changed
select case when coalesce(:input::jsonb ->> 'Body', 'none') = ''
            then sandbox.change('twilio', 'message', m.body ->> 'sid', jsonb_build_object('body', '', 'date_updated', sandbox.twilio_time(now())))
            else sandbox.twilio_refusal(20001, 'Only an empty Body is taken')::jsonb end as body,
       case when coalesce(:input::jsonb ->> 'Body', 'none') = '' then 200 else 400 end as status
  from sandbox.get('twilio', 'message', regexp_replace(:message, '\.json$', '')) as m(body)
 where m.body ->> 'account_sid' = :account
