-- public: messages belong to the installation, not to one of its accounts; who calls was checked before. What became of a
-- single one stands in sms, where there is no row before its job has run.
with asked as (
  select m.name, m.created_at,
         case when m.is_broadcast then m.status
              when s.state is null or s.state = 'waiting' then 'queued'
              when s.state = 'trying' then 'sending'
              when s.state in ('sent', 'delivered') then 'completed'
              when s.state = 'unknown' then 'unknown'
              else 'failed' end as status,
         case when m.is_broadcast then m.completed_at when s.state not in ('waiting', 'trying') then s.changed_at end as completed_at,
         case when m.is_broadcast then m.recipients end as recipients, m.skipped,
         m.sent + coalesce(s.state in ('sent', 'delivered'), false)::integer as sent,
         m.failed + coalesce(s.state in ('failed', 'skipped'), false)::integer as failed,
         m.unknown + coalesce(s.state = 'unknown', false)::integer as unknown
    from smsagent.message m
    left join sms s on s.job_id = m.job_id and not m.is_broadcast
   where m.name = :message_id)
select json_over(json_build_object(
         'message_id', name, 'status', status, 'sent_count', sent, 'failed_count', failed,
         'delivery_rate', coalesce(round(100.0 * sent / nullif(sent + failed, 0), 1), 0.0),
         'created_at', iso_time(created_at), 'completed_at', iso_time(completed_at)),
         json_strip_nulls(json_build_object(
           'unknown_count', nullif(unknown, 0), 'skipped_count', nullif(skipped, 0),
           'waiting_count', nullif(recipients - sent - failed - unknown - skipped, 0)))) as body
  from asked
