-- sql/sandbox/twilio_message_delete.sql: forget a message
select '' as body, 204 as status
  from sandbox.get('twilio', 'message', regexp_replace(:message, '\.json$', '')) as m(body)
 where m.body ->> 'account_sid' = :account and sandbox.remove('twilio', 'message', m.body ->> 'sid')
