-- As caller.sql, for an API token: its generation must be the account's
select coalesce(
         (select case when :must_be <> 'admin' or a.role = 'admin' then a.role
                      else refuse('MR403', 'You do not have permission to do this') end
            from account a
           where a.id = :account_id::bigint and a.product = :product and a.deleted_at is null
             and a.api_generation = :proof::integer),
         refuse('MR401', 'The token is no longer valid')) as role
