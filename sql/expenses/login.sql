-- public: this is the sign-in: the password was checked before. What is wrong is counted, so this refuses without raising.
with entered as (
  select a.*
    from sign_in(case when :matches::boolean then :account::bigint end, :password_hash, :refresh_digest,
                 :refresh_expires::bigint) as a
   where a.id is not null),
wrong as (
  select sign_in_wrong(:product, :email, :client_ip) where not :matches::boolean)
select json_build_object('user', json_build_object(
         'id', expenses.user_ref(e.id), 'email', e.email, 'username', e.username, 'first_name', p.first_name,
         'last_name', p.last_name)) as body,
       e.id as signin, null as error, null as message
  from entered e
  join expenses.profile p on p.account_id = e.id
union all
select null, null, 'unauthenticated', 'Wrong e-mail or password'
  from (select count(*) from wrong) as counted
 where not exists (select from entered)
