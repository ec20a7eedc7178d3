-- The caller must be an account of this product whose token still counts (and an administrator where the row says so):
-- else this raises. It goes in front of the endpoint's own statement, in the same transaction.
select coalesce(
         (select case when :must_be <> 'admin' or a.role = 'admin' then a.role
                      else refuse('MR403', 'You do not have permission to do this') end
            from account a
           where a.id = :account_id::bigint and a.product = :product and a.deleted_at is null
             and a.tokens_valid_after <= to_timestamp(:issued_at::bigint)
             and :jti::uuid <> all (a.revoked)),
         refuse('MR401', 'The access token is no longer valid')) as role
