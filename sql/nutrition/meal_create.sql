-- A meal of the caller's. A device enters each of its meals once.
with made as (
  insert into nutrition.meal as m (account_id, name, consumed_at, items, favorite, device_id, local_id)
  values (:account_id::bigint, :name, coalesce(:consumed_at::timestamptz, now()), nutrition.items(coalesce(:meal_items::json, '[]')),
          coalesce(:favorite::boolean, false), :device_id, :local_id)
  on conflict do nothing
  returning nutrition.meal_json(m) as body)
select body, null as error, null as message, null as field from made
union all
select null, 'conflict', 'This device has entered this meal already', 'local_id' where not exists (select from made)
