-- Keep the photo, and put the job that looks at it; or that reads what was said instead
with asked as (
  select 1 where (:image::text::text is not null or :text::text is not null) and exists (select from provider where name = 'openai' and available)),
kept as (
  insert into file (product, account_id, storage_key, name, type)
  select :product, :account_id::bigint, :image::text,
         'meal.' || case :image_type::text when 'image/png' then 'png' when 'image/webp' then 'webp' else 'jpg' end, :image_type
    from asked
   where :image::text::text is not null
  returning id),
put as (
  select j.id, job_ticket(j) as ticket
    from asked
   cross join lateral job_put(
           kind => 'ai.food', product => :product, tenant => :product || '/' || :account_id, account_id => :account_id::bigint,
           request_id => :request_id,
           args => job_args_with(:job_args, json_strip_nulls(json_build_object('file_id', (select id from kept))))) j),
noted as (
  insert into nutrition.analysis (id, account_id, file_id, text)
  select put.id, :account_id::bigint, (select id from kept), :text from put)
select json_build_object('session_id', id, 'status', 'processing') as body, ticket as jobs, null as error, null as message,
       null as field
  from put
union all
select null, null, case when :image::text::text is null and :text::text is null then 'invalid' else 'unavailable' end,
       case when :image::text::text is null and :text::text is null then 'Send a picture, or say in words what was eaten'
            else 'Food analysis is not available here' end,
       case when :image::text::text is null and :text::text is null then 'image' end
 where not exists (select from asked)
