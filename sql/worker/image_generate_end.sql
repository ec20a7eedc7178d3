-- The end of a generation: its files and images, credits back for what was not made, its place among the running freed. What
-- was ordered at a provider and is not wanted any more is cancelled there.
-- Why it failed is the operator's to know (millrace job), so :error goes nowhere here.
with ending as (
  select g.*, g.cost / g.batch_size as price
    from figureforge.generation g
   where g.id = :job_id),
made as (
  select (n - 1)::integer as position, image
    from ending e
   cross join json_array_elements(case when :outcome = 'done' then :result::json -> 'images' end) with ordinality as m(image, n)
   where n <= e.batch_size),
stored as (
  insert into file (product, account_id, storage_key, name, type)
  select 'figureforge', e.account_id, :folder || '/' || part.name, part.name, part.type
    from made
   cross join ending e
   cross join lateral (values (image ->> 'file', image ->> 'type'),
                              (image ->> 'thumbnail', image ->> 'thumbnail_type')) as part(name, type)
  returning id, name),
kept as (
  insert into figureforge.image (generation_id, account_id, position, file_id, thumbnail_id, width, height, tags)
  select e.id, e.account_id, made.position, f.id, t.id, (image ->> 'width')::integer, (image ->> 'height')::integer,
         array(select key || ':' || value from json_each_text(e.filters))
    from made
   cross join ending e
    join stored f on f.name = image ->> 'file'
    join stored t on t.name = image ->> 'thumbnail'
  returning id),
closed as (
  update figureforge.generation g
     set status = case when :outcome = 'cancelled' then 'cancelled' when count > 0 then 'completed' else 'failed' end,
         error = case when :outcome = 'cancelled' then 'The job was cancelled'
                      when count = 0 then 'The images could not be made' end,
         refunded = g.cost - ending.price * count, finished_at = now()
    from ending, (select count(*)::integer as count from kept) as kept
   where g.id = ending.id
  returning g.account_id, g.period, g.refunded),
freed as (
  update figureforge.usage u
     set running = u.running - 1,
         used = u.used - case when u.period = closed.period then closed.refunded else 0 end
    from closed
   where u.account_id = closed.account_id)
select job_ticket(j) as ticket
  from ai_order o
 cross join lateral job_put(kind => 'ai.cancel', product => '', tenant => 'ai', account_id => null, anyway => true,
                            args => json_build_object('provider', o.provider, 'remote_id', o.remote_id)) j
 where o.job_id = :job_id and o.remote_id is not null and :outcome <> 'done'
