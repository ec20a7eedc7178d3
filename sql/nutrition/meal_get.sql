-- One of the caller's meals
select nutrition.meal_json(m) as body from nutrition.meal m where m.id = :meal_id and m.account_id = :account_id
