-- public: this is the sign-in: the password was checked before. What is wrong is counted, so this refuses without
-- raising; a right one comes too late when others were wrong often enough while it was checked.
with tried as (
  select sign_in_tried(:product, :email, :client_place, :matches::boolean) as seconds),
entered as (
  select a.*
    from tried
   cross join lateral sign_in(case when seconds = 0 and :matches::boolean then :account::bigint end,
                              :password_hash, :refresh_digest, :refresh_expires::bigint) as a
   where a.id is not null)
select json_build_object('user', json_build_object(
         'id', expenses.user_ref(e.id), 'email', e.email, 'username', e.username, 'first_name', p.first_name,
         'last_name', p.last_name)) as body,
       e.id as signin, null as error, null as message, null::integer as retry_after
  from entered e
  join expenses.profile p on p.account_id = e.id
union all
select null, null, case when seconds > 0 then 'rate_limited' else 'unauthenticated' end,
       case when seconds > 0 then 'Too many wrong passwords; try again later' else 'Wrong e-mail or password' end,
       nullif(seconds, 0)
  from tried
 where not exists (select from entered)
