-- public: the categories are everybody's. Those below another name it
select coalesce(json_agg(json_build_object('id', expenses.category_ref(c.id), 'name', c.name, 'icon', c.icon, 'color', c.color,
                                           'slug', c.slug, 'parent_id', expenses.category_ref(c.parent_id)) order by c.position),
                '[]') as body,
       (select count(*) from expenses.category) as total
  from (select * from expenses.category order by position limit :page_limit::bigint offset :page_offset::bigint) c
