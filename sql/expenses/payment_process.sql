-- Pay a settlement of the caller's with one of his payment methods, once
with meant as materialized (
  select t.* from expenses.settlement t where t.id = :settlement_id::bigint and t.payer_id = :account_id::bigint for update),
judged as materialized (
  select m.*,
         case when m.status not in ('pending', 'failed') then refuse('MR409', 'The settlement is ' || m.status)
              when :currency <> m.currency then refuse('MR422', 'must be the settlement''s', 'currency')
              when :amount::numeric <> billing.money(m.amount, m.currency) then refuse('MR422', 'must be the settlement''s', 'amount')
              when not exists (select from billing.payment_method x
                                where x.id = :payment_method_id and x.account_id = :account_id::bigint and x.detached_at is null)
              then refuse('MR422', 'is none of your payment methods', 'payment_method_id') end as refusal
    from meant m),
begun as (
  update expenses.settlement t set status = 'processing', method = 'stripe'
    from judged j
   where t.id = j.id and j.refusal is null
  returning t.id, t.amount, t.currency, t.description)
select json_build_object('payment_id', expenses.payment_ref(p.id), 'status', 'processing', 'external_transaction_id', null,
                         'processed_at', null) as body, p.ticket as jobs
  from begun b
 cross join lateral billing.pay(:account_id::bigint, :product, 'stl_' || b.id, :payment_method_id, b.amount, b.currency,
                                coalesce(nullif(b.description, ''), 'Settlement'), :request_id) p
