-- public: those who text belong to the installation, not to one of its accounts; who calls was checked before
select json_build_object(
         'phone_number', p.phone_number, 'tier', p.tier, 'email', p.email, 'full_name', p.full_name,
         'created_at', iso_time(p.created_at), 'last_active', iso_time(p.last_active),
         'total_requests', p.total_requests, 'monthly_requests', smsagent.this_month(p),
         'rate_limit_reset', iso_time(date_trunc('hour', now()) + interval '1 hour'), 'timezone', p.timezone,
         'preferences', p.preferences,
         'stats', smsagent.stats(p.phone_number)) as body from smsagent.person p where p.phone_number = :phone_number
