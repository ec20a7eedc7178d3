-- public: housekeeping of the scheduler's, hourly. What has run out and counts no more goes: windows of throttles, sign-in
-- codes, tokens, sessions. Each table stays as small as what is alive.
with throttles as (delete from throttle where resets_at < now()),
sessions as (delete from session where expires_at < now()),
consoles as (delete from operator_session where expires_at < now() or seen_at < now() - interval '2 hours'),
mailed as (delete from account_token where expires_at < now() - interval '1 day'),
places as (delete from signin_place where seen_at < now() - interval '90 days'),
codes as (delete from signin_code where expires_at < now() - interval '1 hour'),
answers as (delete from idempotency where created_at < now() - interval '1 day'),
orders as (delete from ai_order where created_at < now() - interval '35 days'),
predictions as (delete from ailice.prediction where created_at < now() - interval '35 days'),
events as (delete from webhook_event where received_at < now() - interval '90 days'),
revoked as (update account set revoked = '{}', revoked_until = '-infinity'
             where revoked_until > '-infinity' and revoked_until < now())
delete from refresh_token where expires_at < now()
