-- The session that the call was made in
with gone as (
  delete from operator_session where operator_id = :account_id::bigint and digest = decode(:proof, 'hex'))
select '' as body, true as session_end
