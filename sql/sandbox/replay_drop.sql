-- sql/sandbox/replay_drop.sql: the call of a key came to nothing; it may be tried again
delete from sandbox.replay where service = :service and key = :key
