-- public: tasks belong to the installation, not to one of its accounts; who calls was checked before
with person as (
  select coalesce((select p.phone_number from smsagent.person p where p.phone_number = :user_phone),
                  refuse('MR400', 'Nobody of this number is known', 'user_phone')) as phone_number),
made as (
  insert into smsagent.task (phone_number, category, user_message, category_given, reply_by_sms)
  select p.phone_number, coalesce(:category, 'general'), :sms_content, :category::text is not null, :send_sms::boolean from person p
  returning *),
put as (
  select job_ticket(j) as ticket
    from made
   cross join lateral job_put(kind => 'ai.reply', product => :product, tenant => :product, account_id => :account_id::bigint,
                              args => json_build_object('task_id', made.id), request_id => :request_id) j)
select smsagent.task_json(t) as body, put.ticket as jobs
  from made, put
 cross join lateral (select (made).*) as t
