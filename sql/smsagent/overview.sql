-- public: those who text belong to the installation, not to one of its accounts; who calls was checked before. Tasks of all
-- times when nothing is said.
with asked as materialized (
  select t.category, t.success, t.processing_time
    from smsagent.tasks(null, null, null, :start_date::timestamptz, :end_date::timestamptz) as t),
week as materialized (
  select t.phone_number, max(t.created_at) as last, count(*) filter (where t.created_at >= now() - interval '1 day') as today
    from smsagent.task t
   where t.created_at >= now() - interval '7 days'
   group by t.phone_number),
tier as (
  select r.tier, (select count(*) from smsagent.person p where p.tier = r.tier) as people
    from unnest('{free,premium,enterprise}'::text[]) as r(tier))
select json_build_object(
         'total_users', (select count(*) from smsagent.person),
         'active_users_24h', (select count(*) from week where last >= now() - interval '1 day'),
         'active_users_7d', (select count(*) from week),
         'total_tasks', count(*), 'tasks_24h', (select coalesce(sum(today), 0) from week),
         'success_rate', smsagent.success_rate(count(*) filter (where success), count(success), 1),
         'avg_response_time', coalesce(round(avg(processing_time), 1), 0.0),
         'tier_distribution', (select json_object_agg(t.tier, t.people order by smsagent.tier_rank(t.tier)) from tier t),
         'top_categories', (select coalesce(json_agg(json_build_object('category', c.category, 'count', c.n)
                                                     order by c.n desc, c.category), '[]')
                              from (select category, count(*) as n from asked
                                     group by category order by n desc, category limit 3) as c)) as body
  from asked
