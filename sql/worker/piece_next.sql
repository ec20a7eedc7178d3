-- Pieces whose time is over, and that nobody can have back from now on. What has become a file meanwhile is none any more
with files as (
  delete from piece p
   where p.gone_at <= now() and exists (select from file f where f.storage_key = p.storage_key)),
next as (                        -- what somebody asks for again in this moment stays
  select p.storage_key
    from piece p
   where p.gone_at <= now() and not exists (select from file f where f.storage_key = p.storage_key)
   order by p.gone_at
   limit 100
     for update skip locked)
update piece p set gone_at = '-infinity'
  from next
 where p.storage_key = next.storage_key
returning p.storage_key as id, p.storage_key
