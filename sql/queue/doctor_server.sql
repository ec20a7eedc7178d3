-- What the doctor wants to know of PostgreSQL itself
select current_setting('server_version_num')::integer as version, current_setting('synchronous_commit') as commits,
       current_setting('fsync') as fsync, pg_is_in_recovery() as standby,
       (extract(epoch from clock_timestamp()) * 1000)::bigint as now
