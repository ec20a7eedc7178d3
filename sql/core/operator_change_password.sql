-- public: of the machine, by its command. Another password; all sessions end
with meant as (
  select operator_meant(:name) as id),
ended as (
  select id, operator_sign_out(id) from meant),
changed as (
  update operator o set password_hash = :password_hash from ended e where o.id = e.id returning o.id)
select 'has another password' as said, audit_note(:who, 'operator.password', :name) from changed
