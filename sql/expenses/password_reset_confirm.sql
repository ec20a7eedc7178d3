-- public: the mailed token is the permission. It is used up, and all that was signed in with the old password ends.
with used as (
  delete from account_token t
   where t.purpose = 'reset' and t.digest = decode(:token_digest, 'hex') and t.expires_at > now()
     and exists (select from account a where a.id = t.account_id and a.product = :product and a.deleted_at is null)
  returning t.account_id),
changed as (
  update account
     set password_hash = :password_hash, verified_at = coalesce(verified_at, now()),
         tokens_valid_after = date_trunc('second', now()) + interval '1 second'
   where id = (select account_id from used)),
ended as (
  delete from refresh_token where account_id = (select account_id from used))
select '' as body, 'Password reset successful' as message, null as error, null as field from used
union all
select null, 'is wrong or has expired', 'invalid', 'token'
 where not exists (select from used)
