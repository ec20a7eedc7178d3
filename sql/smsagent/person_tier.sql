-- Another tier for somebody; only administrators get here, and who it was is kept
with was as (
  select tier from smsagent.person where phone_number = :phone_number for update),
changed as (
  update smsagent.person as p set tier = :tier where p.phone_number = :phone_number and exists (select from was)
  returning smsagent.person_detail(p) as body),
noted as (
  insert into smsagent.tier_change (phone_number, was, becomes, reason, changed_by)
  select :phone_number, was.tier, :tier, :reason, :account_id::bigint from was where was.tier <> :tier)
select body from changed
