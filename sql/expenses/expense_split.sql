-- Split an expense in another way
select e.body, e.jobs
  from expenses.expense_change(:expense_id::bigint, :account_id::bigint,
                               json_build_object('split_type', :split_type::text, 'split_data', :split_data::json),
                               'split_updated', :base_url, :request_id) e
 where e.body is not null
