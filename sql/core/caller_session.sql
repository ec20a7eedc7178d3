-- As caller.sql, for a session
select coalesce(
         (select case when :must_be <> 'admin' or a.role = 'admin' then a.role
                      else refuse('MR403', 'You do not have permission to do this') end
            from account a
           where a.id = :account_id::bigint and a.product = :product and a.deleted_at is null
             and exists (select from session s
                          where s.digest = decode(:proof, 'hex') and s.account_id = a.id and s.expires_at > now())),
         refuse('MR401', 'The session is over')) as role
