-- The caller has read all of his notifications
with read as (
  update ailice.notification set read_at = now() where account_id = :account_id and read_at is null returning id)
select json_build_object('updated', (select count(*) from read)) as body
