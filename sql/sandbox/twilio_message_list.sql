-- sql/sandbox/twilio_message_list.sql: messages, the latest first
select sandbox.twilio_page(:account, :query::jsonb) as body
