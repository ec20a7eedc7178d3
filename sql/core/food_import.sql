-- public: an operator brings it, and it is nobody's.
-- What `millrace foods import` has read: its foods with their values, per 100 g
with asked as (
  select f.fdc_id, max(left(btrim(f.description), 300)) as name,
         coalesce(max(n.amount) filter (where n.nutrient_id = '1008'), max(n.amount) filter (where n.nutrient_id = '2048'),
                  max(n.amount) filter (where n.nutrient_id = '2047')) as calories,
         greatest(max(n.amount) filter (where n.nutrient_id = '1003'), 0) as protein, -- differences come out a little below 0
         greatest(max(n.amount) filter (where n.nutrient_id = '1005'), 0) as carbs,
         greatest(max(n.amount) filter (where n.nutrient_id = '1004'), 0) as fat
    from pg_temp.food_in f
    left join (select fdc_id, nutrient_id, amount::numeric as amount
                 from pg_temp.nutrient_in
                where amount <> '') n using (fdc_id)
   group by f.fdc_id),
good as (
  select *
    from asked
   where calories between 0 and 910 and protein <= 100 and carbs <= 100 and fat <= 100 and name <> ''),
taken as (
  insert into nutrition.food as f (source, source_id, name, calories, protein, carbs, fat, approximate)
  select 'fdc', fdc_id, name, round(calories, 1), round(protein, 2), round(carbs, 2), round(fat, 2), false from good
  on conflict (source, source_id) do update
     set name = excluded.name, calories = excluded.calories, protein = excluded.protein, carbs = excluded.carbs,
         fat = excluded.fat
  returning 1)
select (select count(*) from taken) as imported, (select count(*) from asked) - (select count(*) from taken) as left_out
