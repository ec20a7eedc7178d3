-- public: tasks belong to the installation, not to one of its accounts; who calls was checked before
select coalesce(json_agg(smsagent.task_json(t) order by t.created_at desc, t.id desc), '[]') as body,
       (select count(*) from smsagent.tasks(:user_phone, :category, :success::boolean, :created_after::timestamptz,
                                            :created_before::timestamptz, null)) as total
  from (select * from smsagent.tasks(:user_phone, :category, :success::boolean, :created_after::timestamptz,
                                     :created_before::timestamptz, :page_limit::bigint + :page_offset::bigint) as t
         order by t.created_at desc, t.id desc
         limit :page_limit::bigint offset :page_offset::bigint) as t
