-- sql/sandbox/twilio_message_get.sql: a message as it has become
select body
  from sandbox.get('twilio', 'message', regexp_replace(:message, '\.json$', '')) as body
 where body ->> 'account_sid' = :account
