-- sql/sandbox/twitter_me.sql: whose the token is
select '{"data": {"id": "1", "name": "The sandbox", "username": "millrace_sandbox"}}' as body
