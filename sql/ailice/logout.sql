-- End the caller's token
select revoke_token(:account_id::bigint, :jti::uuid, to_timestamp(:expires_at::bigint)),
       json_build_object('message', 'Logged out') as body
