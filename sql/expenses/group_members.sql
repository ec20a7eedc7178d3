-- A page of those who are in one of the caller's groups or invited to it, in the order they came to be
with own as materialized (
  select g.id, g.currency, g.members
    from expenses.membership(:group_id::bigint, :account_id::bigint) m
    join expenses.expense_group g on g.id = m.group_id),
those as not materialized (
  select m.id from expenses.member m where m.group_id = (select id from own) and m.status <> 'left'),
page as materialized (
  select id, row_number() over () as n
    from ((select id from those
            where :page_before::json is null and id > coalesce((:page_after::json ->> 0)::bigint, 0)
            order by id
            limit 101 offset :page_offset::bigint)
           union all
          (select id from those
            where id < (:page_before::json ->> 0)::bigint
            order by id desc
            limit 101)) as read
   limit :page_more::bigint)
select coalesce((select json_agg(expenses.member_json(m, a, i, own.currency, :base_url) order by p.id)
                        filter (where p.n <= :page_limit::bigint)
                   from page p
                   join expenses.member m on m.id = p.id
                   left join expenses.profile a on a.account_id = m.account_id
                   left join expenses.profile i on i.account_id = m.invited_by), '[]') as body,
       (select string_agg(json_build_array(p.id)::text, E'\n' order by p.n) from page p) as keys,
       own.members as total
  from own
