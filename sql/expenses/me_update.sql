-- Change the caller's profile. What is missing stays; null clears what may be cleared: `:said` names the fields that were sent.
with p as (
  update expenses.profile
     set first_name = coalesce(:first_name, first_name), last_name = coalesce(:last_name, last_name),
         bio = case when 'bio' = any (:said::text[]) then :bio else bio end,
         preferred_currency = coalesce(:preferred_currency, preferred_currency),
         timezone = coalesce(zone_known(:timezone), timezone),
         occupation = merged_text(occupation, :profile::json, 'occupation'),
         company = merged_text(company, :profile::json, 'company'),
         country = merged_text(country, :profile::json, 'country'),
         city = merged_text(city, :profile::json, 'city'),
         settings = json_over(settings, :settings::json)
   where account_id = :account_id
  returning *)
select json_build_object(
         'id', expenses.user_ref(a.id), 'email', a.email, 'username', a.username, 'first_name', p.first_name,
         'last_name', p.last_name, 'avatar', file_link(f, :base_url, null), 'bio', p.bio,
         'preferred_currency', p.preferred_currency, 'timezone', p.timezone,
         'profile', json_build_object('occupation', p.occupation, 'company', p.company, 'country', p.country,
                                      'city', p.city, 'total_expenses', '0.00', 'expense_count', 0, 'group_count', 0),
         'settings', p.settings) as body
  from account a
  join p on p.account_id = a.id
  left join file f on f.id = p.avatar_id
