-- SPDX-License-Identifier: GPL-3.0-or-later
-- Nutrition: reminders of meals by text message, for who has a phone and wants them.

create or replace function nutrition.standard_preferences() returns json
language sql immutable parallel safe as $$
  select '{"daily_calorie_goal": 2000, "protein_goal": 100, "timezone": "UTC", "meal_reminders": ["08:00", "12:30", "19:00"],
           "country": null, "phone": null, "sms_reminders": false}'::json
$$;

-- reminded_to: up to when reminders have been looked after. What was due before somebody changed his preferences is not.
alter table nutrition.profile add reminded_to timestamptz not null default now();
update nutrition.profile set preferences = json_over(nutrition.standard_preferences(), preferences);
create index profile_reminded on nutrition.profile (account_id)
 where (preferences ->> 'sms_reminders')::boolean and (preferences ->> 'phone') is not null;

-- The latest reminder between two times where somebody lives; null: none. One that is more than ten minutes late is gone. Of a
-- time that clocks show twice there is one, and one that they leave out comes behind the gap.
create function nutrition.reminder_due(preferences json, since timestamptz, upto timestamptz) returns timestamptz
language sql stable parallel safe as $$
  select max(t.at)
    from json_array_elements_text(preferences -> 'meal_reminders') as r(clock)
   cross join generate_series(0, 1) as n
   cross join lateral (select ((upto at time zone (preferences ->> 'timezone'))::date - n + r.clock::time)
                              at time zone (preferences ->> 'timezone') as at) as t
   where t.at > greatest(since, upto - interval '10 minutes') and t.at <= upto
$$;
