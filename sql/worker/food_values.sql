-- What was found, with what it holds: from the table of foods where there is such a food, else as the model estimates it
-- per 100 g. Grams that the model has not said are a usual portion's.
select coalesce(json_agg(json_build_object(
         'name', i.item ->> 'name', 'quantity', trim_scale(round(g.grams, 1)), 'unit', 'g',
         'confidence', trim_scale(round(least(1, greatest(0, coalesce((i.item ->> 'confidence')::numeric, 0))), 2)),
         'calories', round(v.calories * g.grams / 100), 'protein', trim_scale(round(v.protein * g.grams / 100, 1)),
         'carbs', trim_scale(round(v.carbs * g.grams / 100, 1)), 'fat', trim_scale(round(v.fat * g.grams / 100, 1)),
         'source', case when f.id is null then 'estimate' else f.source end,
         'food', f.name, 'approximate', coalesce(f.approximate, true)) order by i.n), '[]') as items
  from json_array_elements(:items::json) with ordinality as i(item, n)
 cross join lateral nutrition.food_match(i.item ->> 'name') f
 cross join lateral (
         select least(10000, coalesce(nullif((i.item ->> 'grams')::numeric, 0), f.portion, 100)) as grams) g
 cross join lateral (
         select coalesce(f.calories, least(900, (i.item ->> 'calories_per_100g')::numeric), 0) as calories,
                coalesce(f.protein, least(100, (i.item ->> 'protein_per_100g')::numeric), 0) as protein,
                coalesce(f.carbs, least(100, (i.item ->> 'carbs_per_100g')::numeric), 0) as carbs,
                coalesce(f.fat, least(100, (i.item ->> 'fat_per_100g')::numeric), 0) as fat) v
