-- The caller joins a group by its code
select *
  from expenses.group_join(:account_id::bigint, :invite_code, :product || ':' || :client_place, :base_url, :request_id)
