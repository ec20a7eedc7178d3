-- The caller joins a group by the token of an invitation's mail
select *
  from expenses.invitation_accept(:account_id::bigint, :token_digest, :base_url, :request_id)
