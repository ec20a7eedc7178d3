-- Close the caller's account: it can no longer be found, its images cannot be seen and no link to them holds
with meant as (
  select :confirmation is not distinct from 'DELETE' or :confirm is not distinct from 'DELETE' as yes),
closed as (
  update account set deleted_at = now(), tokens_valid_after = now()
   where id = :account_id and (select yes from meant)
  returning id),
signed_out as (
  delete from refresh_token where account_id in (select id from closed)),
places as (
  delete from signin_place where account_id in (select id from closed)),
images as (
  update figureforge.image set deleted_at = now()
   where account_id in (select id from closed) and deleted_at is null),
files as (
  update file set deleted_at = now(), generation = generation + 1
   where account_id in (select id from closed) and deleted_at is null)
select '' as body, case when not yes then 'invalid' end as error, 'must be DELETE' as message, 'confirmation' as field from meant
