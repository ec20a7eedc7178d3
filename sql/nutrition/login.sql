-- public: this is the sign-in: the password was checked before. What is wrong is counted, so this refuses without raising.
with entered as (
  select a.*
    from sign_in(case when :matches::boolean then :account::bigint end, :password_hash, :refresh_digest, :refresh_expires::bigint) as a
   where a.id is not null),
wrong as (
  select sign_in_wrong(:product, :email, :client_ip) where not :matches::boolean)
select json_build_object('user', json_build_object('id', id, 'email', email)) as body,
       id as signin, null as error, null as message
  from entered
union all
select null, null, 'bad_token', 'Invalid authentication credentials'
  from (select count(*) from wrong) as counted
 where not exists (select from entered)
