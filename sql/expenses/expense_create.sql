-- Enter an expense of a group that the caller is in, or one of his own. No row: he is not in the group
select e.body, e.jobs, 'Expense created successfully' as message
  from expenses.expense_enter(
         :account_id::bigint,
         json_build_object('title', :title::text, 'description', :description::text, 'amount', :amount::text,
                           'currency', :currency::text, 'category_id', :category_id::text, 'expense_type', :expense_type::text,
                           'group_id', :group_id::text, 'paid_by', :paid_by::text, 'expense_date', :expense_date::text,
                           'split_type', :split_type::text, 'split_data', :split_data::json, 'tags', :tags::json,
                           'vendor', :vendor::text, 'location', :location::text),
         :base_url, :request_id) e
 where e.body is not null
