-- Rates that queues share
select name, rate, burst from limiter order by name limit 1000
