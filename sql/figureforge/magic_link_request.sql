-- public: anyone may ask; the code goes to the address, and the answer never tells whether it has an account. Who asks
-- too often is refused before the address is counted: else one client could use up everybody's codes and fill the table.
with client as (
  select throttle_hit('signin-ip', :product || ':' || :client_place, 10, interval '1 hour') as seconds),
throttled as (
  select case when seconds > 0 then seconds
              else signin_ask(:product, :email, :client_place) end as seconds
    from client),
put as (
  select job_ticket(j) as ticket
    from throttled t
   cross join lateral job_put(kind => 'mail.magic_link', product => :product, tenant => :product, account_id => null,
                              args => :job_args::json, request_id => :request_id,
                              expires_at => now() + interval '10 minutes') j
   where t.seconds = 0)
select json_build_object('message', 'If the address is valid, a sign-in code has been sent', 'expires_in', 600) as body,
       ticket as jobs, null as error, null as message, null::integer as retry_after
  from put
union all
select null, null, 'rate_limited', 'Too many sign-in codes were asked for; try again later', seconds
  from throttled
 where seconds > 0
