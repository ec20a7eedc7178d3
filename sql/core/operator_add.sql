-- public: of the machine, by its command. An operator with a password
with made as (
  insert into operator (name, role, password_hash) values (:name, coalesce(:role, 'viewer'), :password_hash)
  on conflict do nothing
  returning *)
select 'is made: ' || coalesce((select role from made), refuse('MR409', 'there is an operator of this name already')) as said,
       audit_note(:who, 'operator.add', :name, json_build_object('role', coalesce(:role, 'viewer')))
