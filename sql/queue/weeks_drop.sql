-- Drop weeks that were over `days` ago and in which nothing is open
select week from job_weeks_drop(make_interval(days => :days)) as week
