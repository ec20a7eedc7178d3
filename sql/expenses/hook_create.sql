-- The caller wants events at an address. What the secret is sealed into is kept; itself it is in this answer only
with added as (
  insert into hook as h (product, account_id, url, events, secret)
  select :product, :account_id::bigint, :url, array(select distinct e from json_array_elements_text(:events::json) as e order by e),
         :sealed
   where (select count(*) from hook where product = :product and account_id = :account_id::bigint) < 20
  returning h)
select coalesce((select json_over(expenses.hook_json(a.h), json_build_object('secret', :secret::text)) from added a),
                refuse('MR409', 'There are twenty addresses already: remove one')::json) as body
