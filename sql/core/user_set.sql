-- public: the operator's. Role and tier of an account
with changed as (
  update account set role = coalesce(:role, role), tier = coalesce(:tier, tier)
   where id = account_meant(:product, :name)
  returning role, tier)
select 'is ' || role || ', ' || tier as said,
       audit_note(:who, 'user.set', :product || '/' || :name, json_build_object('role', :role::text, 'tier', :tier::text))
  from changed
