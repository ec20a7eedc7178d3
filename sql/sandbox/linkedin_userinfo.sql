-- sql/sandbox/linkedin_userinfo.sql: whose the token is, as OpenID has it
select '{"sub": "sandbox1", "name": "The Sandbox", "given_name": "The", "family_name": "Sandbox", "locale": {"country": "US", "language": "en"}, "email": "sandbox@example.com", "email_verified": true}' as body
