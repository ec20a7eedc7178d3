-- The caller founds a group, and invites whom he names
select *
  from expenses.group_create(:account_id::bigint, :name, :description, :group_type, :currency, :is_private::boolean,
                             coalesce(:initial_members::json, '[]'), :request_id)
