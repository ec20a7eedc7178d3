-- Whom a job of the queue billing is about
select a.product, a.email, a.deleted_at is not null as closed, c.stripe_id as customer,
       exists (select from billing.payment_method m
                where m.account_id = a.id and m.is_default and m.detached_at is null) as has_default,
       exists (select from billing.subscription_now(a.id) s where billing.live(s.status)) as subscribed
  from account a
  left join billing.customer c on c.account_id = a.id
 where a.id = :account::bigint
