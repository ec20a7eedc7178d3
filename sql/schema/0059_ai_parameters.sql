-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a training may be told.

-- Which parameter of a training cannot be used, as its name and what it must be; no row: all can. One that is null, or that
-- nobody knows, is none.
create function ailice.training_refused(parameters json) returns table (field text, message text)
language sql immutable parallel safe as $$
  select 'parameters.' || k.name,
         'must be a ' || case when k.whole then 'whole ' else '' end || format('number from %s to %s', k.least, k.most)
    from (values ('cost', false, 0.001, 10000), ('n_epochs', true, 1, 50), ('seed', true, 0, 4294967295))
         as k(name, whole, least, most)
   where coalesce(json_typeof(parameters -> k.name), 'null') <> 'null'
     and case when json_typeof(parameters -> k.name) <> 'number' then true
              else (parameters ->> k.name)::numeric not between k.least and k.most
                   or k.whole and (parameters ->> k.name) !~ '^[0-9]+$' end
   order by k.name
   limit 1
$$;
