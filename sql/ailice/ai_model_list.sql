-- The models that the caller may use: everybody's and his own
select coalesce(json_agg(json_build_object('id', m.id, 'name', m.name, 'provider', ailice.provider_word(m.id),
                                           'model_type', m.model_type, 'available', m.available, 'trainable', m.trains)
                         order by m.key), '[]') as body
  from (select m.*, p.available
          from ailice.model m
          join provider p on p.name = m.provider
         where (m.account_id is null or m.account_id = :account_id::bigint)
           and (:model_type::text is null or m.model_type = :model_type)
           and (:provider::text is null or ailice.provider_word(m.id) = :provider)
         order by m.key
         limit :page_limit::bigint offset :page_offset::bigint) as m
