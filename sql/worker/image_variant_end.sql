-- The end of image.variant. An avatar, or a group's image, takes the place of what was sent, in its row, whose next generation is
-- the first that has links; and that of the one before. What was sent gets a row of its own, deleted, so that its bytes go as those of others
-- do. One that has not become one is taken back, and the one before stays; and so is one behind which another was sent,
-- also in the same moment, when neither call saw the other's file.
-- Thumbnails are files of their own, of the boxes that were asked for.
with asked as (
  select f.*, j.args ->> 'use' as use, (j.args ->> 'group_id')::bigint as group_id, j.args -> 'boxes' as boxes
    from job j
    join file f on f.id = (j.args ->> 'file_id')::bigint and f.product = j.product and f.deleted_at is null
   where j.id = :job_id),
made as (
  select distinct on (m.box) m.*
    from json_to_recordset(case when :outcome = 'done' then :result::json -> 'pictures' end)
         as m(file text, box integer, width integer, height integer)),
held_profile as (                -- before the file, as who sends another does
  select p.account_id, p.avatar_id as shown_id, p.avatar_next_id as next_id
    from expenses.profile p
    join asked on asked.account_id = p.account_id and asked.use = 'avatar'
     for update of p),
held_group as (
  select g.id, g.image_id as shown_id, g.image_next_id as next_id
    from expenses.expense_group g
    join asked on asked.group_id = g.id and asked.use = 'group'
     for no key update of g),
held as (
  select shown_id, next_id from held_profile union all select shown_id, next_id from held_group),
shown as (
  update file f set storage_key = :folder || '/' || made.file, type = 'image/jpeg', generation = f.generation + 1
    from asked
   cross join made
    join held on held.next_id = asked.id
   where f.id = asked.id
  returning f.id, f.product, f.account_id, asked.storage_key as original, asked.type as original_type),
left_over as (
  insert into file (product, account_id, storage_key, name, type, deleted_at)
  select product, account_id, original, 'original', original_type, now() from shown),
taken_back as (
  update file f set deleted_at = now()
    from asked
    left join held on true
   where f.id = asked.id and asked.use in ('avatar', 'group')
     and (:outcome <> 'done' or (asked.id is distinct from held.next_id and asked.id is distinct from held.shown_id))
  returning f.id),
before as (
  update file f set deleted_at = now(), generation = f.generation + 1
    from held, shown
   where f.id = held.shown_id),
profiled as (                    -- of two that were sent the other is awaited still
  update expenses.profile p
     set avatar_id = coalesce((select id from shown), nullif(p.avatar_id, (select id from taken_back))),
         avatar_next_id = nullif(p.avatar_next_id, asked.id)
    from held_profile held
    join asked using (account_id)
   where p.account_id = held.account_id),
pictured as (
  update expenses.expense_group g
     set image_id = coalesce((select id from shown), nullif(g.image_id, (select id from taken_back))),
         image_next_id = nullif(g.image_next_id, asked.id)
    from held_group held
    join asked on asked.group_id = held.id
   where g.id = held.id),
stored as (
  insert into file (product, account_id, storage_key, name, type)
  select asked.product, asked.account_id, :folder || '/' || made.file, made.file, 'image/jpeg'
    from asked, made
   where asked.use = 'thumbnails' and made.box in (select b::integer from json_array_elements_text(asked.boxes) as b)
  returning id, name)
insert into picture_variant (file_id, box, variant_id, width, height)
select asked.id, made.box, stored.id, made.width, made.height
  from asked, made
  join stored on stored.name = made.file
on conflict (file_id, box) do update
   set variant_id = excluded.variant_id, width = excluded.width, height = excluded.height
