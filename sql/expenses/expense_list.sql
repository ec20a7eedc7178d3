-- A page of the expenses that the caller may see. expenses.expense_page() makes the query of what was asked for; no row: he is
-- not in the group
select p.body, p.keys, p.total
  from expenses.expense_page(
         :account_id::bigint,
         json_build_object('group_id', :group_id::text, 'category_id', :category_id::text, 'category', :category::text,
                           'paid_by', :paid_by::text, 'date_from', :date_from::text, 'date_to', :date_to::text,
                           'date_range', :date_range::text, 'amount_min', :amount_min::text, 'amount_max', :amount_max::text,
                           'amount_gt', :amount_gt::text, 'amount_lt', :amount_lt::text, 'is_settled', :is_settled::text,
                           'search', :search::text),
         :sort, :page_limit::bigint, :page_more::bigint, :page_offset::bigint, :page_after::json, :page_before::json,
         :page_total::bigint, :base_url) p
 where p.body is not null
