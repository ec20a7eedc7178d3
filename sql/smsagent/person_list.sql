-- public: those who text belong to the installation, not to one of its accounts; who calls was checked before
select coalesce(json_agg(json_build_object(
         'phone_number', p.phone_number, 'tier', p.tier, 'email', p.email, 'full_name', p.full_name,
         'created_at', iso_time(p.created_at), 'last_active', iso_time(p.last_active),
         'total_requests', p.total_requests, 'monthly_requests', smsagent.this_month(p), 'timezone', p.timezone,
         'preferences', p.preferences) order by p.created_at desc, p.phone_number desc), '[]') as body,
       (select count(*) from smsagent.person where :tier::text is null or tier = :tier) as total
  from (select * from smsagent.person
         where (:tier::text is null or tier = :tier)
         order by created_at desc, phone_number desc
         limit :page_limit::bigint offset :page_offset::bigint) as p
