-- What became of a picture of the caller, or of one of a group, that the caller has sent: one of which none can be made is refused
select json_build_object(u.member, case when f.deleted_at is null and e.id is not null then file_link(f, :base_url, null)
                                        else expenses.avatar_link(f, :base_url) end) as body,
       e.id is null as pending,
       case when e.outcome <> 'done' then case when e.error like 'the picture %' then 'invalid' else 'unavailable' end end as error,
       case when e.error like 'the picture %' then substring(e.error from 13) end as message,
       case when e.error like 'the picture %' then u.field end as field
  from job j
  join (values ('avatar', 'avatar_url', 'avatar'), ('group', 'image', 'image')) u (use, member, field) on u.use = j.args ->> 'use'
  join file f on f.id = (j.args ->> 'file_id')::bigint and f.account_id = :account_id::bigint
  left join job_end e on e.id = j.id
 where j.id = :job_id
