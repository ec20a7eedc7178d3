-- One of the caller's meals
delete from nutrition.meal where id = :meal_id and account_id = :account_id returning '' as body
