-- public: the price list of models, with whether this installation can run them
select json_build_object('models', json_agg(
         json_build_object('id', m.id, 'name', m.name, 'credits', m.credits, 'available', p.available)
         order by m.position)) as body
  from figureforge.model m
  join provider p on p.name = m.provider
