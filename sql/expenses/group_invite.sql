-- A member invites somebody by mail
select *
  from expenses.group_invite(:group_id::bigint, :account_id::bigint, :email, :message, :request_id)
