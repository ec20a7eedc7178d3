-- public: the refresh token is the permission: it must be kept, and its account must still stand
with kept as (
  select a.id
    from refresh_token r
    join account a on a.id = r.account_id
   where r.digest = decode(:refresh_digest, 'hex') and r.expires_at > now() and a.id = :account::bigint
     and a.product = :product and a.deleted_at is null
     and a.tokens_valid_after <= to_timestamp(:refresh_issued_at::bigint))
select (select id from kept) as renew, '' as body, case when not exists (select from kept) then 'bad_token' end as error,
       'The refresh token is not valid' as message
