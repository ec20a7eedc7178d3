-- An order that was not taken: the provider's list need not be waited for
update ai_order set tried_at = created_at - interval '1 hour'
 where job_id = :job_id and position = :position::integer and remote_id is null and extract(epoch from tried_at) = :tried::numeric
