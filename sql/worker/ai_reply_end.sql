-- The end of a reply: what the task shows, and the messages, one after the other, that it is texted in. Who texted and gets
-- no answer is told so.
with asked as (
  select (j.args ->> 'task_id')::bigint as id from job j where j.id = :job_id),
answered as (
  update smsagent.task t
     set category = coalesce(:result::json ->> 'category', t.category), ai_response = :result::json ->> 'text',
         tokens_used = (:result::json ->> 'tokens')::integer, complexity_score = (:result::json ->> 'complexity')::numeric,
         success = :outcome = 'done', processing_time = round(extract(epoch from clock_timestamp() - t.created_at), 2),
         error_message = case :outcome when 'buried' then left(:error, 500) when 'cancelled' then 'The job was cancelled' end,
         completed_at = now(), metadata = coalesce(:result::json -> 'metadata', t.metadata)
    from asked
   where t.id = asked.id and t.success is null
  returning t.phone_number, t.reply_by_sms),
piece as (
  select n, json_build_object('to', a.phone_number, 'body', body) as args
    from answered a
   cross join lateral json_array_elements_text(
           case :outcome when 'done' then :result::json -> 'pieces'
                         when 'buried' then '["Sorry, there is no answer to your message now. Please try again later."]' end)
         with ordinality as p(body, n)
   where a.reply_by_sms)
select job_ticket(j) as ticket
  from piece p
 cross join lateral job_put(kind => 'sms.send', product => 'smsagent', tenant => 'smsagent', account_id => null, args => p.args,
                            chain => (select json_agg(json_build_object('kind', 'sms.send', 'args', f.args) order by f.n)
                                        from piece f where f.n > 1), anyway => true) j
 where p.n = 1
