-- public: this is the operators' sign-in: the password was checked before. What is wrong is counted, so this refuses without
-- raising; a right one comes too late when others were wrong often enough while it was checked.
with tried as (
  select operator_tried(:name, :client_place, :matches::boolean) as seconds),
entered as (
  select o.*
    from tried
   cross join lateral operator_enter(case when seconds = 0 and :matches::boolean then :account::bigint end,
                                     :password_hash, :session_digest, :client_ip) as o
   where o.id is not null)
select json_build_object('name', name, 'role', role, 'expires_at', iso_time(now() + interval '12 hours')) as body, id as session,
       null as error, null as message, null as field, null::integer as retry_after
  from entered
union all
select null, null, case when seconds > 0 then 'rate_limited' else 'unauthenticated' end,
       case when seconds > 0 then 'Too many wrong passwords; try again later' else 'Wrong name or password' end,
       null, nullif(seconds, 0)
  from tried
 where not exists (select from entered)
