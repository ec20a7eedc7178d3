-- public: this is the sign-in. A right code is used up and makes the account when there is none; a wrong one costs one
-- of its five tries and one of ten a day, and both are kept: this statement refuses without raising. The ten are those of the place
-- that the call comes from when the account was signed in from there before, else of all other places together.
with place as (
  select signin_place_of(:client_place) as place, signin_subject(:product, :email, :client_place) as subject),
locked_out as (
  select t.count >= 10 and t.resets_at > now() as yes
    from throttle t
    join place p on t.scope = 'signin-wrong' and t.subject = p.subject),
attempt as (
  update signin_code c
     set tries = c.tries + 1, used_at = case when c.digest = any(:code_digests::text[]) then now() end
   where c.product = :product and c.email = :email and c.used_at is null and c.expires_at > now() and c.tries < 5
     and not coalesce((select yes from locked_out), false)
  returning c.digest = any(:code_digests::text[]) as accepted),
wrong as (
  select throttle_hit('signin-wrong', p.subject, 10, interval '1 day') as seconds
    from attempt
   cross join place p
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
known as (
  insert into signin_place as s (account_id, place)
  select e.id, p.place from entered e cross join place p where p.place is not null
  on conflict (account_id, place) do update set seen_at = now()),
forgotten as (
  delete from signin_place s
   using entered e, place p
   where s.account_id = e.id and s.place <> p.place and s.place not in (
         select o.place from signin_place o where o.account_id = e.id and o.place <> p.place order by o.seen_at desc limit 2)),
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
