-- What the provider's list does not have is about to be ordered anew; no row: another attempt has, or has found it
update ai_order set tried_at = clock_timestamp()
 where job_id = :job_id and position = :position::integer and remote_id is null and extract(epoch from tried_at) = :tried::numeric
returning extract(epoch from tried_at) as tried
