-- public: an administrator asks of all accounts; who calls was checked before. Days are in UTC.
with asked as (
  select (now() at time zone 'UTC')::date as today),
person as materialized (
  select a.id, (a.created_at at time zone 'UTC')::date as joined
    from account a where a.product = :product and a.deleted_at is null),
active as materialized (
  select u.account_id, array_agg(distinct u.operation) as operations, max(u.day) as last
    from asked join request_user u on u.day > asked.today - 30
   where u.product = :product
   group by u.account_id),
span as (
  select r.account_id, r.at, r.at - lag(r.at) over (partition by r.account_id order by r.at) as pause
    from request r
   where r.product = :product and r.account_id is not null and r.at >= now() - interval '1 day'),
country as (
  select case upper(p.preferences ->> 'country') when 'GB' then 'UK' else upper(p.preferences ->> 'country') end as name,
         count(*) as people
    from nutrition.profile p
   where p.preferences ->> 'country' is not null and p.account_id in (select id from person)
   group by 1),
place as (
  select c.name, c.people, row_number() over (order by c.people desc, c.name) as place, sum(c.people) over () as of from country c),
number as (
  select (select count(*) from person) as people,
         (select count(*) from person, asked where joined > asked.today - 30) as joined,
         (select count(*) from active) as active,
         (select count(*) from active, asked where last = asked.today) as today,
         (select count(distinct s.account_id)
            from billing.subscription s join nutrition.plan p on p.id::text = s.plan
           where s.ended_at is null and s.status = 'active' and p.price > 0
             and s.account_id in (select id from person)) as premium)
select json_build_object(
         'total_users', n.people, 'active_users_30d', n.active, 'new_users_30d', n.joined, 'premium_users', n.premium,
         'premium_conversion_rate', nutrition.share(n.premium, n.active),
         'retention_rates', (select json_object_agg('day_' || d.n, nutrition.share(d.came, d.joined) order by d.n)
                               from (select d.n, count(p.id) as joined, count(p.id) filter (
                                              where exists (select from request_user u
                                                             where u.account_id = p.id and u.day = p.joined + d.n)) as came
                                       from asked cross join unnest('{1, 7, 30}'::integer[]) as d(n)
                                       left join person p on p.joined between asked.today - 89 and asked.today - d.n
                                      group by d.n) as d),
         'user_engagement', json_build_object(
            'daily_active_users', n.today,
            'average_session_duration', (select coalesce(round(extract(epoch from sum(s.pause) filter (where s.pause < '30 min'))
                                                               / nullif(count(*) filter (where s.pause is null or s.pause >= '30 min'),
                                                                        0)), 0) from span s),
            'meals_per_user', (select coalesce(round(count(*)::numeric / nullif(n.active, 0), 1), 0.0)
                                 from nutrition.meal m where m.created_at > now() - interval '30 days'),
            'features_usage', (select json_build_object(
               'ai_analysis', nutrition.share(count(*) filter (where v.operations && (
                                 select array_agg(r.key) from json_each_text(:paths::json) as r
                                  where r.value = '/api/v1/ai/analyze/')), n.active),
               'manual_entry', nutrition.share(count(*) filter (where 'meal_create' = any (v.operations)), n.active),
               'goal_tracking', nutrition.share(count(*) filter (where v.operations && '{me_update,quick_stats}'), n.active))
                                 from active v)),
         'geographic_distribution', (select coalesce(json_object_agg(g.name, nutrition.share(g.people, g.of) order by g.place), '{}')
                                       from (select case when p.place <= 4 then p.name else 'other' end as name,
                                                    sum(p.people) as people, min(p.of) as of, min(p.place) as place
                                               from place p group by 1) as g)) as body
  from number n
