-- Drop what is known of requests of more than 90 days ago
select day from request_days_drop(interval '90 days') as day
