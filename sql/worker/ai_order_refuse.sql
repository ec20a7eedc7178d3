-- The provider will not make it: it is not asked again
update ai_order set refused = :why where job_id = :job_id and position = :position::integer
