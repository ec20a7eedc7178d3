-- sql/sandbox/linkedin_me.sql: the profile of whose the token is
select '{"id": "sandbox1", "localizedFirstName": "The", "localizedLastName": "Sandbox", "localizedHeadline": "Stands in", "vanityName": "millrace-sandbox"}' as body
