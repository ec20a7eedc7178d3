-- The newest token of an invitation is the one that counts
update expenses.invitation set digest = :digest where id = :invitation::bigint and accepted_at is null and expires_at > now()
