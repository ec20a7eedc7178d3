-- An admin changes a group: what is missing stays; null clears the description
select changed as body
  from expenses.group_change(:group_id::bigint, :account_id::bigint, :name,
                             case when 'description' = any (:said::text[]) then coalesce(:description, '') end, :group_type,
                             :currency, :is_private::boolean, :is_active::boolean, :settings::json, :base_url) as changed
 where changed is not null
