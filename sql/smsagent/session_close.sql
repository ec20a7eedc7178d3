-- The session that the call was made in; a call with a token has none, and proves itself by no digest
with gone as (
  delete from session
   where account_id = :account_id and digest = decode(case when :proof ~ '^[0-9a-f]{64}$' then :proof end, 'hex'))
select '' as body, true as session_end
