-- A page of the groups that the caller is in, the latest first
with mine as not materialized (
  select m.group_id
    from expenses.member m
    join expenses.expense_group g on g.id = m.group_id
   where m.account_id = :account_id::bigint and m.status = 'active'
     and (:is_active::boolean is null or g.is_active = :is_active::boolean)
     and (:group_type::text is null or g.group_type = :group_type::text)
     and (:search::text is null or strpos(lower(g.name || E'\n' || g.description), lower(:search::text)) > 0)),
page as materialized (
  select group_id, row_number() over () as n
    from ((select group_id from mine
            where :page_before::json is null
              and group_id < coalesce((:page_after::json ->> 0)::bigint, 9223372036854775807)
            order by group_id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select group_id from mine
            where group_id > (:page_before::json ->> 0)::bigint
            order by group_id
            limit 101)) as read
   limit :page_more::bigint)
select coalesce(json_agg(expenses.group_json(g, m, :base_url) order by p.group_id desc)
                filter (where p.n <= :page_limit::bigint), '[]') as body,
       string_agg(json_build_array(p.group_id)::text, E'\n' order by p.n) as keys,
       (select count(*) from mine) as total
  from page p
  join expenses.expense_group g on g.id = p.group_id
  join expenses.member m on m.group_id = p.group_id and m.account_id = :account_id::bigint
