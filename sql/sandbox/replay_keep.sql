-- sql/sandbox/replay_keep.sql: what the call of a key was answered
update sandbox.replay set status = :status::int, body = :body where service = :service and key = :key
