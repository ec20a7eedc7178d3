-- public: tasks belong to the installation, not to one of its accounts; who calls was checked before
select smsagent.task_json(t) as body from smsagent.task t where t.id = :task_id
