-- public: the operator's. Accounts of a product, newest first
select id, username, email, role, tier, iso_time(verified_at) as verified, iso_time(created_at) as created
  from account
 where product = :product and deleted_at is null
 order by id desc
 limit :limit::bigint
