-- Those who text belong to the installation, not to one of its accounts; only an administrator changes the tier, and who it was
-- is kept
with was as (
  select tier from smsagent.person where phone_number = :phone_number for update),
changed as (
  update smsagent.person as p
     set tier = case when :tier::text is null then tier
                     else coalesce((select :tier from account a where a.id = :account_id and a.role = 'admin'),
                                   refuse('MR403', 'Only an administrator changes the tier')) end,
         email = case when 'email' = any (:said::text[]) then :email else email end,
         full_name = case when 'full_name' = any (:said::text[]) then :full_name else full_name end,
         timezone = coalesce(zone_known(:timezone), timezone),
         preferences = json_over(preferences, :preferences::json)
   where phone_number = :phone_number and exists (select from was)
  returning smsagent.person_detail(p) as body),
noted as (
  insert into smsagent.tier_change (phone_number, was, becomes, changed_by)
  select :phone_number, was.tier, :tier, :account_id::bigint from was, changed where was.tier <> :tier)
select body from changed
