-- public: this is the sign-in. Always one row: of an unknown address account and password_hash are null
select a.id as account, a.password_hash, case when w.seconds > 0 then 'rate_limited' end as error,
       'Too many wrong passwords; try again later' as message, w.seconds as retry_after
  from (select sign_in_wait(:product, :email, :client_place) as seconds) as w
  left join account a on a.product = :product and a.email = :email and a.deleted_at is null
