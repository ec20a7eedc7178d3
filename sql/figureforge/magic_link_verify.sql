-- public: this is the sign-in. A right code is used up and makes the account when there is none; a wrong one costs one
-- of its five tries and one of the address's ten a day, and both are kept: this statement refuses without raising.
with locked_out as (
  select t.count >= 10 and t.resets_at > now() as yes
    from throttle t
   where t.scope = 'signin-wrong' and t.subject = :product || ':' || :email),
attempt as (
  update signin_code c
     set tries = c.tries + 1, used_at = case when c.digest = :code_digest then now() end
   where c.product = :product and c.email = :email and c.used_at is null and c.expires_at > now() and c.tries < 5
     and not coalesce((select yes from locked_out), false)
  returning c.digest = :code_digest as accepted),
wrong as (
  select throttle_hit('signin-wrong', :product || ':' || :email, 10, interval '1 day') as seconds
    from attempt
   where not accepted),
entered as (
  insert into account as a (product, email, username)
  select :product, :email,
         left(regexp_replace(split_part(:email, '@', 1), '[^a-z0-9_.-]', '', 'g'), 20) || '_' ||
         left(gen_random_uuid()::text, 8)
    from attempt
   where accepted
  on conflict (product, email) where deleted_at is null do update set email = excluded.email
  returning a.id, a.email, a.username),
remembered as (
  insert into refresh_token (digest, account_id, expires_at)
  select decode(:refresh_digest, 'hex'), id, to_timestamp(:refresh_expires::bigint)
    from entered)
select json_build_object('user', json_build_object('id', figureforge.user_ref(id), 'email', email,
                                                   'username', username)) as body,
       id as signin, null as error, null as message, null as field
  from entered
union all
select null, null, 'invalid', 'The code is wrong or has expired', 'code'
  from (select count(*) from wrong) as counted
 where not exists (select from entered)
