-- No limit any more for the queues that share this one
with removed as (
  delete from limiter where name = :name returning name, rate, burst),
noted as (
  select audit_note(:who, 'limiter.remove', name, json_build_object('rate', rate, 'burst', burst)) from removed)
select case when not exists (select from removed) then refuse('MR404', 'There is no such limiter') end as refused,
       (select count(*) from noted) as removed
