-- The caller leaves a group
select '' as body, 'Successfully left the group' as message, ticket as jobs
  from expenses.group_leave(:group_id::bigint, :account_id::bigint, :request_id) as ticket
 where ticket is not null
