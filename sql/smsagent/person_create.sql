-- public: those who text belong to the installation, not to one of its accounts; who calls was checked before
with p as (
  insert into smsagent.person (phone_number, tier, email, full_name, timezone, preferences)
  values (:phone_number, coalesce(:tier, 'free'), :email, :full_name, coalesce(zone_known(:timezone), 'UTC'),
          json_over('{"notifications": true, "language": "en"}', :preferences::json))
  on conflict do nothing
  returning *)
select json_build_object(
         'phone_number', p.phone_number, 'tier', p.tier, 'email', p.email, 'full_name', p.full_name,
         'created_at', iso_time(p.created_at), 'last_active', iso_time(p.last_active),
         'total_requests', p.total_requests, 'monthly_requests', smsagent.this_month(p),
         'rate_limit_reset', iso_time(date_trunc('hour', now()) + interval '1 hour'), 'timezone', p.timezone,
         'preferences', p.preferences,
         'stats', smsagent.stats(p.phone_number)) as body, null as error, null as message, null as field from p
union all
select null, 'duplicate', 'This number is known already', 'phone_number' where not exists (select from p)
