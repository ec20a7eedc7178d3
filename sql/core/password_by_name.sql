-- public: this is the sign-in, by user name or address. Always one row: of an unknown one account and password_hash are null
select a.id as account, a.password_hash, case when w.seconds > 0 then 'rate_limited' end as error,
       'Too many wrong passwords; try again later' as message, w.seconds as retry_after
  from (select sign_in_wait(:product, :username, :client_place) as seconds) as w
  left join lateral (
         select x.id, x.password_hash, 1 as n from account x
          where x.product = :product and lower(x.username) = lower(:username) and x.deleted_at is null
         union all
         select x.id, x.password_hash, 2 from account x
          where x.product = :product and x.email = lower(:username) and x.deleted_at is null
         order by n limit 1) as a on true
