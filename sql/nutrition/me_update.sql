-- Change the caller's goals and preferences. What is missing stays; null clears what may be cleared. The condition of
-- `kept` always holds: it stands there so that a zone that is not known is refused before anything is written.
with kept as (
  insert into nutrition.profile as p (account_id, preferences)
  select :account_id::bigint, json_over(nutrition.standard_preferences(), :preferences::json)
   where coalesce(zone_known(:preferences::json ->> 'timezone'), '') is not null
  on conflict (account_id) do update set preferences = json_over(p.preferences, :preferences::json), reminded_to = now()
  returning account_id, preferences)
select nutrition.me(a, k.preferences) as body from kept k join account a on a.id = k.account_id
