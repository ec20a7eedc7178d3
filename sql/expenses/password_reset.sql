-- public: anyone may ask, and the answer is the same whether there is such an account. Who asks too often is not told of it
-- either: nothing is sent then.
with client as (
  select throttle_hit('reset-ip', :product || ':' || :client_place, 20, interval '1 hour') as seconds),
throttled as (
  select case when seconds > 0 then seconds
              else throttle_hit('reset-email', :product || ':' || :email, 3, interval '15 minutes') end as seconds
    from client),
put as (
  select job_ticket(j) as ticket
    from throttled t
    join account a on t.seconds = 0 and a.product = :product and a.email = :email and a.deleted_at is null
   cross join lateral job_put(kind => 'mail.token', product => :product, tenant => :product || '/' || a.id,
                              account_id => a.id, request_id => :request_id, args => json_build_object('email', a.email, 'purpose', 'reset'),
                              expires_at => now() + interval '1 hour') as j)
select '' as body, 'Password reset email sent if account exists' as message, (select ticket from put) as jobs
