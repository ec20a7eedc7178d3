-- A batch and how far it has come
select id, name, product, tenant, total, done, buried, cancelled, total - done - buried - cancelled as open, closed,
       iso_time(made_at) as made_at, iso_time(ended_at) as ended_at, finally ->> 'kind' as finally,
       json_build_object('id', id, 'name', name, 'product', product, 'tenant', tenant, 'total', total, 'done', done,
                         'buried', buried, 'cancelled', cancelled, 'open', total - done - buried - cancelled,
                         'closed', closed, 'made_at', iso_time(made_at), 'ended_at', iso_time(ended_at),
                         'finally', finally ->> 'kind') as whole
  from batch
 where id = :batch
