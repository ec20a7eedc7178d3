-- The caller and his goals
select nutrition.me(a, nutrition.preferences(a.id)) as body from account a where a.id = :account_id
