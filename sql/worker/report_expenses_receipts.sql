-- The receipts of what the report lists; one more than it shows tells that there are more
select to_char(e.expense_date, 'FMDD Mon YYYY') || ' · ' || e.title as caption, f.storage_key as file
  from expenses.report_expenses(:account_id::bigint, :filters::json) e
  join file f on f.id = e.receipt_id and f.deleted_at is null
 order by e.expense_date desc, e.id desc
 limit 201
