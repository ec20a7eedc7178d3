-- What was asked by text message, and its category when somebody has said it
select t.user_message, case when t.category_given then t.category end as category, t.success is not null as ended
  from smsagent.task t
 where t.id = :task_id
