-- public: anyone may have an account. One of this address or name that there is already is told by its field.
with made as (
  insert into account (product, email, username, password_hash)
  values (:product, :email, :username, :password_hash)
  on conflict do nothing
  returning *),
profile as (
  insert into expenses.profile (account_id, first_name, last_name, preferred_currency, timezone)
  select id, :first_name, :last_name, coalesce(:preferred_currency, 'USD'), coalesce(:timezone, 'UTC') from made
  returning *),
kept as (
  select refresh_keep(id, :refresh_digest, :refresh_expires::bigint) from made),
mail as (
  select job_ticket(j) as ticket
    from made
   cross join lateral job_put(kind => 'mail.token', product => :product, tenant => :product || '/' || made.id,
                              account_id => made.id, request_id => :request_id,
                              args => json_build_object('email', made.email, 'purpose', 'verify')) as j)
select json_build_object('user', json_build_object(
         'id', expenses.user_ref(made.id), 'email', made.email, 'username', made.username, 'first_name', p.first_name,
         'last_name', p.last_name, 'is_verified', false, 'created_at', iso_time(made.created_at))) as body,
       made.id as signin, mail.ticket as jobs, 'Registration successful. Please verify your email.' as message,
       null as error, null as field
  from made, profile p, kept, mail
union all
select null, null, null, 'There is an account with this ' || taken.field || ' already', 'duplicate', taken.field
  from (select case when exists (select from account a
                                  where a.product = :product and a.email = :email and a.deleted_at is null)
                    then 'email' else 'username' end as field) as taken
 where not exists (select from made)
