-- public: health is shown to everybody; what a service tells of itself may be no number. :redis_ms and :redis_memory are what Redis has said; empty: it does not answer
with service as (
  select s.name, case s.status when 'down' then 'unhealthy' else s.status end as status, round(s.ms / 1000.0, 3) as seconds, s.detail
    from (values ('openai'), ('twilio')) as n(name)
   cross join lateral (select n.name, coalesce(k.status, 'unknown') as status, k.ms, k.detail
                         from (select) as one left join service_state k on k.name = n.name) as s)
select case when :redis_ms = '' then 503 end as status,
       json_build_object(
         'status', case when :redis_ms = '' then 'unhealthy' when exists (select from service where status = 'unhealthy') then 'degraded'
                        else 'healthy' end,
         'timestamp', iso_time(now()),
         'services', json_build_object(
           'database', json_build_object(
              'status', 'healthy', 'response_time', round(extract(epoch from clock_timestamp() - statement_timestamp()), 3),
              'connections', (select count(*) from pg_stat_activity a where a.datname = current_database())),
           'redis', json_build_object(
              'status', case when :redis_ms = '' then 'unhealthy' else 'healthy' end,
              'response_time', round(nullif(:redis_ms, '')::numeric / 1000, 3),
              'memory_usage', round(nullif(:redis_memory, '')::numeric / 1048576) || 'MB'),
           'openai', (select json_build_object('status', status, 'response_time', seconds,
                                               'rate_limit_remaining', case when detail ->> 'rate_limit_remaining' ~ '^[0-9]{1,15}$'
                                                                            then (detail ->> 'rate_limit_remaining')::bigint end)
                        from service where name = 'openai'),
           'twilio', (select json_build_object('status', status, 'response_time', seconds,
                        'account_balance', case detail ->> 'currency' when 'USD' then '$' else (detail ->> 'currency') || ' ' end
                                           || case when detail ->> 'account_balance' ~ '^-?[0-9]{1,15}([.][0-9]{1,15})?$'
                                                     then round((detail ->> 'account_balance')::numeric, 2) end)
                        from service where name = 'twilio')),
         'version', '1.0.0',
         'uptime', floor(extract(epoch from now() - pg_postmaster_start_time()))::bigint) as body
