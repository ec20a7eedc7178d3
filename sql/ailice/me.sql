-- The caller's own account
select json_build_object('id', a.id, 'username', a.username, 'email', a.email, 'role', a.role,
                         'created_at', ailice.stamp(a.created_at)) as body
  from account a
 where a.id = :account_id
