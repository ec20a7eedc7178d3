-- Tables that should be there and are not; asked before any other of them is named
select name
  from unnest(array['schema_migration', 'job_kind', 'job', 'job_end', 'job_try', 'job_cancel', 'job_unique', 'batch',
                    'leader', 'audit', 'queue', 'queue_setting', 'queue_scan', 'limiter', 'schedule', 'queue_minute']) as name
 where to_regclass(name) is null
