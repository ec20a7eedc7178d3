-- What an account has running that leaves files is asked to end: how much of it still does
with open as (
  select g.id from figureforge.generation g
   where g.account_id = :account::bigint and g.status in ('queued', 'processing')
   union all
  select job.id
    from ailice.media m
    join ailice.rendition r on r.media_id = m.id and r.status in ('queued', 'processing')
   cross join lateral (select r.id union all select p.job_id from media_part p where p.transcode_id = r.id) as job(id)
   where m.account_id = :account::bigint),
asked as (
  insert into job_cancel (id, asked_by)
  select o.id, 'maint.erase' from open o
   where not exists (select from job_end e where e.id = o.id)
  on conflict do nothing)
select count(*) as open from open
