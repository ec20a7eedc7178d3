-- public: this is the sign-in: the password was checked before. What is wrong is counted, so this refuses without raising.
with entered as (
  select a.*, session_open(a.id, :session_digest)
    from sign_in(case when :matches::boolean then :account::bigint end, :password_hash, null, null) as a
   where a.id is not null),
wrong as (
  select sign_in_wrong(:product, :username, :client_ip) where not :matches::boolean)
select json_build_object('user_id', id, 'username', username) as body, id as session, null as error, null as message,
       null as field
  from entered
union all
select null, null, 'invalid', 'Wrong user name or password', 'username'
  from (select count(*) from wrong) as counted
 where not exists (select from entered)
