-- What became of an image that the caller has sent: one of which none can be made is refused
select json_build_object('image', case when f.deleted_at is null and e.id is not null then file_link(f, :base_url, null)
                                       else expenses.avatar_link(f, :base_url) end) as body,
       e.id is null as pending,
       case when e.outcome <> 'done' then case when e.error like 'the picture %' then 'invalid' else 'unavailable' end end as error,
       case when e.error like 'the picture %' then substring(e.error from 13) end as message,
       case when e.error like 'the picture %' then 'image' end as field
  from job j
  join file f on f.id = (j.args ->> 'file_id')::bigint and f.account_id = :account_id::bigint
  left join job_end e on e.id = j.id
 where j.id = :job_id
