-- What the mail of an invitation says; no row: it has ended, or who was invited is a member by other means
select m.email, expenses.person_name(i.invited_by) as inviter, g.name as "group",
       coalesce(nullif(trim(i.message), ''), 'Let us share what we spend.') as message
  from expenses.invitation i
  join expenses.member m on m.id = i.member_id and m.status = 'invited'
  join expenses.expense_group g on g.id = m.group_id and g.is_active
 where i.id = :invitation::bigint and i.accepted_at is null and i.expires_at > now()
