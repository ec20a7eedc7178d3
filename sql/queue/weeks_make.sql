-- Partitions of this week and the next four; rows in a default partition mean that this came too late
select job_weeks_make(4), (select count(*) from job_default) as stray
