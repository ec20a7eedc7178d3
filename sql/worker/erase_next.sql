-- The next account to be erased: the one that is meant, or those that were closed an hour ago at least, by when they were. Whom
-- Stripe still has to forget stays until it has: he would be charged for ever by what nothing here knew of. What is left of a former
-- member of groups has been erased (erased_at).
select a.id, a.deleted_at
  from account a
 where a.deleted_at is not null and a.erased_at is null
   and case when :account::bigint is null then a.deleted_at < now() - interval '1 hour' else a.id = :account::bigint end
   and (a.deleted_at, a.id) > (coalesce(:after::timestamptz, '-infinity'), coalesce(:after_id::bigint, 0))
   and not exists (select from billing.customer c where c.account_id = a.id)
 order by a.deleted_at, a.id
 limit 1
