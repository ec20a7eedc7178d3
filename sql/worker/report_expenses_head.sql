-- What stands on the cover
select case when q.day_from = q.day_to then to_char(q.day_from, 'FMDD FMMonth YYYY')
            else to_char(q.day_from, 'FMDD FMMonth YYYY') || ' – ' || to_char(q.day_to, 'FMDD FMMonth YYYY') end as subtitle,
       'Expense Tracker' as brand,
       coalesce(expenses.person_name(a.id), a.username) || ' <' || a.email || '>' as owner,
       concat_ws(' ',
         (select case when count(*) > 1 then 'Of the groups ' else 'Of the group ' end || string_agg(g.name, ', ' order by g.name) || '.'
            from expenses.expense_group g where g.id = any (q.group_ids)),
         (select case when count(*) > 1 then 'Of the categories ' else 'Of the category ' end ||
                 string_agg(c.name, ', ' order by c.position) || '.'
            from expenses.category c
           where c.id = any (q.category_ids) and (c.parent_id is null or c.parent_id <> all (q.category_ids))),
         'Amounts in ' || unknown.currencies || ' are listed, and not counted in figures that are in ' || q.currency ||
         ': no rate of their days is known.') as note,
       replace(:report_type::text, '_', '-') || '-' || q.day_from || '-to-' || q.day_to as name,
       iso_time(now()) as generated_at
  from account a
 cross join expenses.report_scope(a.id, :filters::json) q
 cross join lateral (
         select string_agg(distinct x.currency, ', ') as currencies
           from (select e.source as currency
                   from expenses.report_expenses(a.id, :filters::json) e
                  where e.counted is null and :report_type::text <> 'settlement_history'
                 union all
                 select s.currency
                   from expenses.report_settled(a.id, :filters::json) s
                  where s.counted is null and :report_type::text = 'settlement_history') as x) as unknown
 where a.id = :account_id and a.deleted_at is null
