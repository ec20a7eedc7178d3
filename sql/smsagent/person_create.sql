-- public: those who text belong to the installation, not to one of its accounts; who calls was checked before
with made as (
  insert into smsagent.person as p (phone_number, tier, email, full_name, timezone, preferences)
  values (:phone_number, coalesce(:tier, 'free'), :email, :full_name, coalesce(zone_known(:timezone), 'UTC'),
          json_over('{"notifications": true, "language": "en"}', :preferences::json))
  on conflict do nothing
  returning smsagent.person_detail(p) as body)
select body, null as error, null as message, null as field from made
union all
select null, 'duplicate', 'This number is known already', 'phone_number' where not exists (select from made)
