-- Change the caller's profile. What is missing stays; null clears what may be cleared: `:said` names the fields that were sent.
update expenses.profile as p
   set first_name = coalesce(:first_name, first_name), last_name = coalesce(:last_name, last_name),
       bio = case when 'bio' = any (:said::text[]) then :bio else bio end,
       preferred_currency = coalesce(:preferred_currency, preferred_currency),
       phone_number = case when 'phone_number' = any (:said::text[]) then :phone_number else phone_number end,
       timezone = coalesce(zone_known(:timezone), timezone),
       occupation = merged_text(occupation, :profile::json, 'occupation'),
       company = merged_text(company, :profile::json, 'company'),
       country = merged_text(country, :profile::json, 'country'),
       city = merged_text(city, :profile::json, 'city'),
       settings = json_over(settings, :settings::json)
  from account a
 where a.id = p.account_id and p.account_id = :account_id
returning expenses.me(a, p, :base_url) as body
