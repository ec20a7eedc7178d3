-- public: the refresh token is the permission; a caller who is signed in ends that access token as well. What is unknown or
-- was used has ended already.
with gone as (
  delete from refresh_token where digest = decode(:refresh_digest, 'hex'))
select '' as body,
       case when :account_id::bigint is not null
            then revoke_token(:account_id::bigint, :jti::uuid, to_timestamp(:expires_at::bigint)) end
