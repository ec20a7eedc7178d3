-- sql/sandbox/replicate_account.sql: whose the token is
select '{"type": "organization", "username": "millrace-sandbox", "name": "The sandbox", "github_url": null}' as body
