-- The caller's profile and settings
select expenses.me(a, p, :base_url) as body
  from account a
  join expenses.profile p on p.account_id = a.id
 where a.id = :account_id
