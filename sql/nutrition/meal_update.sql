-- Change one of the caller's meals: what is missing stays, and items that are sent take the place of those there are
update nutrition.meal as m
   set name = coalesce(:name, name), consumed_at = coalesce(:consumed_at::timestamptz, consumed_at),
       items = coalesce(nutrition.items(:meal_items::json), items), favorite = coalesce(:favorite::boolean, favorite),
       updated_at = now()
 where m.id = :meal_id and m.account_id = :account_id
returning nutrition.meal_json(m) as body
