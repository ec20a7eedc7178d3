-- SPDX-License-Identifier: GPL-3.0-or-later
-- Nutrition: what foods hold, and what was found on photos.

-- The words of a food's name by which it is told from others: how it was prepared for the table mostly goes without saying.
create function nutrition.food_words(name text) returns text[]
language sql immutable parallel safe as $$
  select coalesce(array_agg(w), '{}')
    from unnest(tsvector_to_array(to_tsvector('english', name))) w
   where w not in ('cook', 'boil', 'grill', 'roast', 'raw', 'plain', 'steam')
$$;

-- A food's values are per 100 g. Those that are shipped are rounded and approximate; others were imported.
create table nutrition.food (
  id          bigint generated always as identity primary key,
  source      text not null check (source in ('shipped', 'fdc')),
  source_id   text not null,
  name        text not null,
  also        text not null default '',   -- other words for it
  calories    numeric not null,           -- kcal
  protein     numeric not null,           -- g, as the next two
  carbs       numeric not null,
  fat         numeric not null,
  portion     numeric,                    -- g of one piece or a usual serving; null: not known
  approximate boolean not null,
  words       tsvector not null generated always as (to_tsvector('english', name || ' ' || also)) stored,
  name_words  text[] not null generated always as (nutrition.food_words(name)) stored,
  unique (source, source_id)
);
create index food_words on nutrition.food using gin (words);

create function nutrition.food_hits(name_words text[], wanted text[]) returns bigint
language sql immutable parallel safe as $$ select count(*) from unnest(wanted) w where w = any (name_words) $$;

-- The food that a description means best, if one has at least half of its words: first that which has most of them, in its
-- name rather than among the other words for it, then that which says least besides; of equals a shipped one, in their order.
create function nutrition.food_match(asked text) returns nutrition.food
language plpgsql stable parallel safe as $$
declare
  wanted text[] := tsvector_to_array(to_tsvector('english', asked));
  any_of tsquery := (select to_tsquery('simple', string_agg(quote_literal(w), ' | ')) from unnest(wanted) w);
  all_of tsquery := (select to_tsquery('simple', string_agg(quote_literal(w), ' & ')) from unnest(wanted) w);
  found nutrition.food;
begin
  -- Nearly always one has all the words, and then those that have one of them need not be looked at.
  select f.* into found
    from nutrition.food f
   where f.words @@ all_of
   order by nutrition.food_hits(f.name_words, wanted) desc, cardinality(f.name_words), f.source = 'shipped' desc, f.id
   limit 1;
  if found is null then
    select f.* into found
      from nutrition.food f
     cross join lateral (select count(*) as hits from unnest(wanted) w where w = any (tsvector_to_array(f.words))) c
     where f.words @@ any_of and 2 * c.hits >= cardinality(wanted)
     order by c.hits desc, nutrition.food_hits(f.name_words, wanted) desc, cardinality(f.name_words), f.source = 'shipped' desc, f.id
     limit 1;
  end if;
  return found;
end $$;

create table nutrition.analysis (
  id          uuid primary key,           -- of its job, and of the session that clients know
  account_id  bigint not null references account,
  file_id     bigint references file,     -- the photo; null: it was described
  text        text,
  status      text not null default 'queued' check (status in ('queued', 'processing', 'completed', 'failed', 'cancelled')),
  progress    smallint not null default 0,
  items       json,                       -- when it is completed
  error       text,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create index analysis_of on nutrition.analysis (account_id, created_at desc);

-- How far each stage of an analysis is: its progress counts a quarter for each.
create function nutrition.analysis_stages(progress integer, status text) returns json
language sql immutable parallel safe as $$
  select json_object_agg(s.name, json_build_object(
           'status', case when progress >= 25 * s.n then 'completed'
                          when progress > 25 * (s.n - 1) or (s.n = 1 or progress = 25 * (s.n - 1)) and status = 'processing'
                            then 'processing'
                          when status in ('failed', 'cancelled') then status
                          else 'pending' end,
           'progress', greatest(0, least(100, 4 * (progress - 25 * (s.n - 1))))) order by s.n)
    from unnest(array['image_preprocessing', 'food_detection', 'portion_estimation', 'nutritional_analysis'])
         with ordinality as s(name, n)
$$;

create function nutrition.analysis_json(a nutrition.analysis) returns json
language sql stable parallel safe as $$
  select json_strip_nulls(json_build_object(
           'type', 'analysis_progress', 'session_id', a.id, 'overall_progress', a.progress,
           'current_stage', case when a.status in ('queued', 'processing')
                                 then (array['image_preprocessing', 'food_detection', 'portion_estimation', 'nutritional_analysis'])
                                      [least(4, 1 + a.progress / 25)] end,
           'status', case a.status when 'queued' then 'processing' when 'cancelled' then 'failed' else a.status end,
           'stages', nutrition.analysis_stages(a.progress, a.status),
           'final_result', case when a.status = 'completed' then json_build_object(
             'items', a.items,
             'total_nutrition', (select json_build_object(
                                   'calories', coalesce(sum((i ->> 'calories')::numeric), 0),
                                   'protein', coalesce(sum((i ->> 'protein')::numeric), 0),
                                   'carbs', coalesce(sum((i ->> 'carbs')::numeric), 0),
                                   'fat', coalesce(sum((i ->> 'fat')::numeric), 0))
                                   from json_array_elements(a.items) i)) end,
           'error', a.error,
           'timestamp', iso_time(a.updated_at)))
$$;
