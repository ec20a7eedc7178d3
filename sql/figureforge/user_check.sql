-- public: tells who has an account, as the reference wants it; ten times a minute from one address
with asked as (
  select throttle_hit('check-user', :product || ':' || :client_place, 10, interval '1 minute') as seconds)
select json_build_object('exists', exists (select from account a
                                            where a.product = :product and a.email = :email and a.deleted_at is null)) as body,
       case when seconds > 0 then 'rate_limited' end as error, 'Too many addresses were asked for; try again later' as message,
       seconds as retry_after
  from asked
