-- A page of what was done in one of the caller's groups, the latest first
with own as materialized (
  select m.group_id from expenses.membership(:group_id::bigint, :account_id::bigint) m),
done as not materialized (
  select a.id from expenses.activity a where a.group_id = (select group_id from own)),
page as materialized (
  select id, row_number() over () as n
    from ((select id from done
            where :page_before::json is null and id < coalesce((:page_after::json ->> 0)::bigint, 9223372036854775807)
            order by id desc
            limit 101 offset :page_offset::bigint)
           union all
          (select id from done
            where id > (:page_before::json ->> 0)::bigint
            order by id
            limit 101)) as read
   limit :page_more::bigint)
select coalesce((select json_agg(json_build_object(
                          'id', 'act_' || a.id, 'type', a.type, 'user', expenses.person_json(u), 'description', a.description,
                          'metadata', a.metadata, 'created_at', iso_time(a.created_at))
                                 order by p.id desc) filter (where p.n <= :page_limit::bigint)
                   from page p
                   join expenses.activity a on a.id = p.id
                   left join expenses.profile u on u.account_id = a.account_id), '[]') as body,
       (select string_agg(json_build_array(p.id)::text, E'\n' order by p.n) from page p) as keys,
       coalesce(list_total('expenses.activity', own.group_id, false, :page_total::bigint), (select count(*) from done)) as total
  from own
