-- Change an expense: what is missing stays, null clears what may be cleared
select e.body, e.jobs
  from expenses.expense_change(
         :expense_id::bigint, :account_id::bigint,
         expenses.sent(:said::text[], json_build_object(
           'title', :title::text, 'description', :description::text, 'amount', :amount::text, 'currency', :currency::text,
           'category_id', :category_id::text, 'paid_by', :paid_by::text, 'expense_date', :expense_date::text,
           'split_type', :split_type::text, 'split_data', :split_data::json, 'tags', :tags::json, 'vendor', :vendor::text,
           'location', :location::text)),
         'expense_updated', :base_url, :request_id) e
 where e.body is not null
