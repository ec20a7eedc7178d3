-- shared: those who text belong to the installation, not to one of its accounts; :account_id has been checked
with p as (
  insert into smsagent.person (phone_number, tier, email, full_name, timezone, preferences)
  values (:phone_number, coalesce(:tier, 'free'), :email, :full_name, coalesce(zone_known(:timezone), 'UTC'),
          ('{"notifications": true, "language": "en"}'::jsonb || coalesce(:preferences::jsonb, '{}'))::json)
  on conflict do nothing
  returning *)
select json_build_object(
         'phone_number', p.phone_number, 'tier', p.tier, 'email', p.email, 'full_name', p.full_name,
         'created_at', iso_time(p.created_at), 'last_active', iso_time(p.last_active),
         'total_requests', p.total_requests, 'monthly_requests', smsagent.this_month(p), 'timezone', p.timezone,
         'rate_limit_reset', iso_time(date_trunc('hour', now()) + interval '1 hour'),
         'preferences', p.preferences,
         'stats', json_build_object('success_rate', 0.0, 'avg_response_time', 0.0, 'favorite_categories', '[]'::json)) as body, null as error, null as message, null as field from p
union all
select null, 'duplicate', 'This number is known already', 'phone_number' where not exists (select from p)
