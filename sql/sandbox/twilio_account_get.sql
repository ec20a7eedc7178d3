-- sql/sandbox/twilio_account_get.sql: the account that is asked for, which is always there
select json_build_object('sid', sid, 'friendly_name', 'Sandbox of Millrace', 'status', 'active', 'type', 'Trial',
                         'owner_account_sid', sid, 'date_created', 'Thu, 01 Jan 2026 00:00:00 +0000',
                         'date_updated', 'Thu, 01 Jan 2026 00:00:00 +0000', 'auth_token', null,
                         'uri', format('/2010-04-01/Accounts/%s.json', sid), 'subresource_uris', json_build_object(
                           'messages', format('/2010-04-01/Accounts/%s/Messages.json', sid),
                           'balance', format('/2010-04-01/Accounts/%s/Balance.json', sid))) as body
  from (select regexp_replace(:account, '\.json$', '') as sid) as account
 where sid ~ '^AC[0-9a-f]{32}$'
