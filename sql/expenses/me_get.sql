-- The caller's profile and settings
select json_build_object(
         'id', expenses.user_ref(a.id), 'email', a.email, 'username', a.username, 'first_name', p.first_name,
         'last_name', p.last_name, 'avatar', file_link(f, :base_url, null), 'bio', p.bio,
         'preferred_currency', p.preferred_currency, 'timezone', p.timezone,
         'profile', json_build_object('occupation', p.occupation, 'company', p.company, 'country', p.country,
                                      'city', p.city, 'total_expenses', '0.00', 'expense_count', 0, 'group_count', 0),
         'settings', p.settings) as body
  from account a
  join expenses.profile p on p.account_id = a.id
  left join file f on f.id = p.avatar_id
 where a.id = :account_id
