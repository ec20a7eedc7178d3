-- public: the mailed token is the permission
with used as (
  delete from account_token t
   where t.purpose = 'verify' and t.digest = decode(:token_digest, 'hex') and t.expires_at > now()
     and exists (select from account a where a.id = t.account_id and a.product = :product and a.deleted_at is null)
  returning t.account_id),
verified as (
  update account set verified_at = coalesce(verified_at, now()) where id = (select account_id from used))
select '' as body, 'E-mail verified' as message, null as error, null as field from used
union all
select null, 'is wrong or has expired', 'invalid', 'token'
 where not exists (select from used)
