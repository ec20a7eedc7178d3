-- public: anyone may have an account. One of this address or name that there is already is told by its field.
with made as (
  insert into account (product, email, username, password_hash)
  values (:product, :email, :email, :password_hash)
  on conflict do nothing
  returning *),
kept as (
  select refresh_keep(id, :refresh_digest, :refresh_expires::bigint) from made)
select json_build_object('user', json_build_object('id', made.id, 'email', made.email)) as body,
       made.id as signin, null::text as message, null as error, null as field
  from made, kept
union all
select null, null, 'There is an account with this ' || taken.field || ' already', 'duplicate', taken.field
  from (select case when exists (select from account a
                                  where a.product = :product and a.email = :email and a.deleted_at is null)
                    then 'email' else 'username' end as field) as taken
 where not exists (select from made)
