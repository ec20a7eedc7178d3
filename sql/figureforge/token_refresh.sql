-- public: the refresh token is the permission
select id as renew, '' as body, case when id is null then 'bad_token' end as error,
       'The refresh token is not valid' as message
  from refresh_account(:refresh_digest, :account::bigint, :product, :refresh_issued_at::bigint) as id
