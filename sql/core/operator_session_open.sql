-- public: this is the operators' sign-in: the password was checked before. What is wrong is counted, so this refuses without
-- raising.
with entered as (
  select o.*
    from operator_enter(case when :matches::boolean then :account::bigint end, :password_hash, :session_digest, :client_ip) as o
   where o.id is not null),
wrong as (
  select operator_wrong(:name, :client_ip) where not :matches::boolean)
select json_build_object('name', name, 'role', role, 'expires_at', iso_time(now() + interval '12 hours')) as body, id as session,
       null as error, null as message, null as field
  from entered
union all
select null, null, 'unauthenticated', 'Wrong name or password', null
  from (select count(*) from wrong) as counted
 where not exists (select from entered)
