-- sql/sandbox/twilio_balance.sql: each message costs 0.0079 dollars
select json_build_object('account_sid', :account::text, 'currency', 'USD', 'balance', to_char(45.67 - 0.0079 * count(*), 'FM999990.00'))
         as body
  from sandbox.thing t
 where t.service = 'twilio' and t.kind = 'message' and t.body ->> 'account_sid' = :account
