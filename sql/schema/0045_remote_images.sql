-- SPDX-License-Identifier: GPL-3.0-or-later
-- FigureForge: models of providers.

alter table figureforge.model add remote text; -- what the provider calls it; null: our own
update figureforge.model set remote = m.remote
  from (values ('flux-pro', 'black-forest-labs/flux-1.1-pro'), ('gpt-image', 'gpt-image-1')) as m(id, remote)
 where model.id = m.id;

-- The model that draws when none is named: the first available one that is meant for the account's plan.
create function figureforge.model_for(account_id bigint) returns text
language sql stable parallel safe as $$
  select m.id
    from figureforge.model m
    join provider on provider.name = m.provider and provider.available
    join figureforge.plan p on p.tier = m.min_tier
   where p.position <= (figureforge.plan_of(account_id)).position
   order by m.position
   limit 1
$$;
