-- sql/sandbox/twilio_message_create.sql: send a message; what is refused is not kept
select made as body, case when made ->> 'code' is null then 201 else (made ->> 'status')::int end as status
  from (select sandbox.twilio_send(:account, coalesce(:input, '{}')::jsonb, :settings::json) as made offset 0) as sent
