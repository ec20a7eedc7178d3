-- Who the caller is, and what calls of this session that change something must send
select json_build_object('csrf_token', :csrf_token::text, 'name', o.name, 'role', o.role,
                         'expires_at', iso_time(least(s.expires_at, now() + interval '2 hours'))) as body
  from operator o
  join operator_session s on s.operator_id = o.id and s.digest = decode(:proof, 'hex')
 where o.id = :account_id::bigint
