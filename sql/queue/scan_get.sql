-- Where a whole pass begins, and how often something was kicked
select oldest, kicks from queue_scan
