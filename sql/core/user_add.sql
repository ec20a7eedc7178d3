-- public: the operator's. An account with a password, and what its product has beside it
with made as (
  insert into account (product, email, username, password_hash, role, tier, verified_at)
  values (:product, lower(:email), :name, :password_hash, coalesce(:role, 'user'), coalesce(:tier, 'free'), now())
  on conflict do nothing
  returning *),
profile as (
  insert into expenses.profile (account_id, first_name, last_name, preferred_currency, timezone)
  select id, username, username, 'USD', 'UTC' from made where product = 'expenses')
select 'account ' || coalesce((select id from made)::text,
                              refuse('MR409', 'there is an account of this name or address already')) || ' made' as said,
       audit_note(:who, 'user.add', :product || '/' || :name, json_build_object('role', :role::text, 'tier', :tier::text))
