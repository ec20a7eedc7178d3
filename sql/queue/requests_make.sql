-- Partitions of today's requests and the next seven days'; rows in the default one mean that this came too late, or that a
-- clock is wrong
select request_days_make(7), (select count(*) from request_default) as stray
