-- public: this is the sign-in: the password was checked before. What is wrong is counted, so this refuses without
-- raising; a right one comes too late when others were wrong often enough while it was checked.
with tried as (
  select sign_in_tried(:product, :username, :client_place, :matches::boolean) as seconds),
entered as (
  select a.*
    from tried
   cross join lateral sign_in(case when seconds = 0 and :matches::boolean then :account::bigint end,
                              :password_hash, null, null) as a
   where a.id is not null)
select '{}' as body,
       id as signin, null as error, null as message, null::integer as retry_after
  from entered
union all
select null, null, case when seconds > 0 then 'rate_limited' else 'unauthenticated' end,
       case when seconds > 0 then 'Too many wrong passwords; try again later' else 'Incorrect username or password' end,
       nullif(seconds, 0)
  from tried
 where not exists (select from entered)
