-- public: the operator's. Another password; all that was signed in ends
with meant as (
  select account_meant(:product, :name) as id),
ended as (
  select sign_out_everywhere(id) from meant),
changed as (
  select account_password(id, :password_hash) from meant, ended)
select 'has another password' as said, audit_note(:who, 'user.password', :product || '/' || :name) from changed
