-- public: this is the operators' sign-in. Always one row: of an unknown or disabled one account and password_hash are null
select o.id as account, o.password_hash, case when w.seconds > 0 then 'rate_limited' end as error,
       'Too many wrong passwords; try again later' as message, w.seconds as retry_after
  from (select operator_wait(:name, :client_place) as seconds) as w
  left join operator o on o.name = lower(:name) and o.disabled_at is null
