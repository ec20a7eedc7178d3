-- What the provider calls that which was ordered; no row: another order has it
update ai_order set remote_id = :remote_id
 where job_id = :job_id and position = :position::integer
   and not exists (select from ai_order o where o.provider = ai_order.provider and o.remote_id = :remote_id
                                            and (o.job_id, o.position) <> (ai_order.job_id, ai_order.position))
returning job_id
