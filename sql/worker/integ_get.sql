-- What a sync needs: the token that the account has given, its settings, from when on, and where the last one stopped. From now on
-- the connection takes what is told with this token
update ailice.integration i
   set sync_job = :job_id::uuid
 where i.account_id = :account_id::bigint and i.service = :service
returning i.access_token, i.config, i.place, to_char(i.last_sync at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_sync
