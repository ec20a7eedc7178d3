-- Put what is due by schedules: tickets for Redis, refusals, and in the last row when to look again
select schedule_name, ticket, iso_time(tick) as tick, late, refused, wait from schedule_run()
