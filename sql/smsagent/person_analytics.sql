-- public: those who text belong to the installation, not to one of its accounts; who calls was checked before. Thirty days when
-- nothing is said, compared with as many before; times are in UTC.
with span as (
  select coalesce(:start_date::timestamptz, coalesce(:end_date::timestamptz, now()) - interval '30 days') as begins,
         coalesce(:end_date::timestamptz, now()) as ends),
person as materialized (
  select p.phone_number, p.created_at, smsagent.country(p.phone_number) as country
    from smsagent.person p where :tier::text is null or p.tier = :tier),
task as materialized (
  select t.phone_number, t.created_at, t.created_at >= span.begins as within
    from span
    join smsagent.task t on t.created_at >= span.begins - (span.ends - span.begins) and t.created_at < span.ends
    join person using (phone_number)),
active as (
  select phone_number, bool_or(within) as now, bool_or(not within) as before from task group by phone_number),
place as (
  select r.country, (select count(*) from person p where p.country = r.country) as people, r.n
    from unnest('{US,CA,UK,Other}'::text[]) with ordinality as r(country, n))
select json_build_object(
         'total_users', (select count(*) from person),
         'new_users_period', (select count(*) from person, span where created_at >= begins and created_at < ends),
         'active_users_period', (select count(*) from active where now),
         'retention_rate', (select smsagent.success_rate(count(*) filter (where now), count(*), 1) from active where before),
         'tier_upgrades', count(*) filter (where smsagent.tier_rank(c.becomes) > smsagent.tier_rank(c.was)),
         'tier_downgrades', count(*) filter (where smsagent.tier_rank(c.becomes) < smsagent.tier_rank(c.was)),
         'geographic_distribution', (select json_object_agg(p.country, p.people order by p.n) from place p),
         'usage_patterns', json_build_object(
            'avg_requests_per_user', (select coalesce(round(count(*)::numeric / nullif(count(distinct phone_number), 0), 1), 0.0)
                                        from task where within),
            'most_active_hours', (select coalesce(json_agg(h.hour order by h.hour), '[]')
                                    from (select extract(hour from created_at at time zone 'UTC')::integer as hour
                                            from task where within group by 1 order by count(*) desc, 1 limit 5) as h),
            'peak_day', (select to_char(created_at at time zone 'UTC', 'FMDay')
                           from task where within group by 1 order by count(*) desc, 1 limit 1))) as body
  from span
  left join smsagent.tier_change c on c.changed_at >= span.begins and c.changed_at < span.ends
                                  and c.phone_number in (select phone_number from person)
