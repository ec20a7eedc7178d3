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
   where account_id in (select id from closed) and deleted_at is null),
billed as (
  select billing.leave(c.id, :product, :request_id) as ticket from closed c),
erased as (                      -- in an hour: what runs for it has ended by then
  select job_put(kind => 'maint.erase', product => 'figureforge', tenant => 'figureforge', account_id => null,
                 args => json_build_object('account', c.id), request_id => :request_id, due_at => now() + interval '1 hour')
    from closed c)
select '' as body, (select ticket from billed) as jobs, case when not yes then 'invalid' end as error, 'must be DELETE' as message,
       'confirmation' as field
  from meant
 where (select count(*) from erased) >= 0
