-- All recurring jobs, for the operator; whole: all that is known of one
select name, kind, expression, zone, iso_time(next_tick) as next, iso_time(last_tick) as last, enabled, error,
       json_build_object('name', name, 'kind', kind, 'expression', expression, 'zone', zone,
                         'next', iso_time(next_tick), 'last', iso_time(last_tick), 'enabled', enabled, 'error', error,
                         'product', product, 'tenant', tenant, 'account_id', account_id, 'args', args,
                         'priority', priority, 'key', key, 'catch_up', catch_up,
                         'made_by', made_by, 'made_at', iso_time(made_at),
                         'changed_by', changed_by, 'changed_at', iso_time(changed_at)) as whole
  from schedule
 order by name
