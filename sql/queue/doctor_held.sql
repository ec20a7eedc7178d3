-- Weeks that were over more than `days` and a day ago and are still there, by what holds them back
select min(week) as first, max(week) as last, held from job_weeks_held(make_interval(days => :days + 1)) group by held order by 1
