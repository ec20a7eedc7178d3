-- shared: those who text belong to the installation, not to one of its accounts; :account_id has been checked
select json_build_object(
         'phone_number', p.phone_number, 'tier', p.tier, 'email', p.email, 'full_name', p.full_name,
         'created_at', iso_time(p.created_at), 'last_active', iso_time(p.last_active),
         'total_requests', p.total_requests, 'monthly_requests', smsagent.this_month(p), 'timezone', p.timezone,
         'rate_limit_reset', iso_time(date_trunc('hour', now()) + interval '1 hour'),
         'preferences', p.preferences,
         'stats', json_build_object('success_rate', 0.0, 'avg_response_time', 0.0, 'favorite_categories', '[]'::json)) as body from smsagent.person p where p.phone_number = :phone_number
