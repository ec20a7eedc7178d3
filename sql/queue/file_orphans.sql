-- Which of these keys in storage no row names
select k.key
  from unnest(:keys::text[]) as k(key)
 where not exists (select from file f where f.storage_key = k.key)
   and not exists (select from piece p where p.storage_key = k.key)
