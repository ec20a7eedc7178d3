-- As caller_session.sql, for a session of an operator: who must be an administrator elsewhere must have the role of operator
select coalesce(
         (select case when :must_be <> 'admin' or r.role = 'operator' then r.role
                      else refuse('MR403', 'This is for operators; yours is the role of a viewer') end
            from operator_caller(:account_id::bigint, :proof) as r(role)
           where r.role is not null),
         refuse('MR401', 'The session is over')) as role
