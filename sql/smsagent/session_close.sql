-- The session that the call was made in; a call with a token has none
with gone as (
  delete from session where account_id = :account_id and digest = decode(:proof, 'hex'))
select '' as body, true as session_end
