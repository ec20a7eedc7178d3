-- Those who text belong to the installation, not to one of its accounts; only an administrator changes the tier
with p as (
  update smsagent.person
     set tier = case when :tier::text is null then tier
                     else coalesce((select :tier from account a where a.id = :account_id and a.role = 'admin'),
                                   refuse('MR403', 'Only an administrator changes the tier')) end,
         email = case when 'email' = any (:said::text[]) then :email else email end,
         full_name = case when 'full_name' = any (:said::text[]) then :full_name else full_name end,
         timezone = coalesce(zone_known(:timezone), timezone),
         preferences = json_over(preferences, :preferences::json)
   where phone_number = :phone_number
  returning *)
select json_build_object(
         'phone_number', p.phone_number, 'tier', p.tier, 'email', p.email, 'full_name', p.full_name,
         'created_at', iso_time(p.created_at), 'last_active', iso_time(p.last_active),
         'total_requests', p.total_requests, 'monthly_requests', smsagent.this_month(p),
         'rate_limit_reset', iso_time(date_trunc('hour', now()) + interval '1 hour'), 'timezone', p.timezone,
         'preferences', p.preferences,
         'stats', smsagent.stats(p.phone_number)) as body from p
