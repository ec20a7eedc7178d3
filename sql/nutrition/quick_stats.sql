-- The caller's day and last seven days, where he lives
with me as (
  select p.preferences, p.preferences ->> 'timezone' as zone,
         nutrition.day_of(now(), p.preferences ->> 'timezone') as today,
         (p.preferences ->> 'daily_calorie_goal')::numeric as goal
    from (select nutrition.preferences(:account_id::bigint) as preferences) as p),
day as materialized (
  select nutrition.day_of(m.consumed_at, me.zone) as day, count(*) as meals, sum(m.calories) as calories,
         sum(m.protein) as protein
    from me join nutrition.meal m on m.account_id = :account_id::bigint
                                 and m.consumed_at >= nutrition.day_start(me.today - 6, me.zone)
                                 and m.consumed_at < nutrition.day_start(me.today + 1, me.zone)
   group by 1),
reminder as (
  select r.clock, me.zone from me, json_array_elements_text(me.preferences -> 'meal_reminders') as r(clock))
select json_build_object(
         'today', json_build_object(
            'calories', coalesce(round(d.calories), 0), 'calories_goal', me.goal,
            'calories_percentage', round(100 * coalesce(d.calories, 0) / me.goal, 1),
            'protein', coalesce(round(d.protein), 0), 'protein_goal', (me.preferences ->> 'protein_goal')::integer,
            'meals_logged', coalesce(d.meals, 0), 'water_intake', coalesce(trim_scale(c.water_intake), 0),
            'steps', coalesce(c.steps, 0)),
         'week', (select json_build_object(
            'average_calories', coalesce(round(avg(w.calories)), 0),
            'days_on_track', count(*) filter (where w.calories between 0.9 * me.goal and 1.1 * me.goal),
            'total_meals', coalesce(sum(w.meals), 0),
            'streak_days', nutrition.streak(:account_id::bigint, me.today, me.zone)) from day w),
         'achievements', (select coalesce(json_agg(json_build_object(
                                   'type', 'streak_milestone', 'title', v.days || '-Day Streak! 🔥',
                                   'unlocked_at', iso_time(v.unlocked_at)) order by v.days desc), '[]')
                            from nutrition.achievement v where v.account_id = :account_id::bigint),
         'next_meal_reminder', coalesce((select min(r.clock) from reminder r
                                          where r.clock > to_char(now() at time zone r.zone, 'HH24:MI')),
                                        (select min(r.clock) from reminder r))) as body
  from me
  left join day d on d.day = me.today
  left join nutrition.daily_metric c on c.account_id = :account_id::bigint and c.day = me.today
