-- public: an operator asks for what is nobody's.
-- The newest rates: of each currency one, of a single one so many
select r.currency, r.day as date, r.usd
  from (select r.currency, r.day, r.usd, row_number() over (partition by r.currency order by r.day desc) as n
          from expenses.fx_rate r
         where :currency::text is null or r.currency = :currency) as r
 where r.n <= case when :currency::text is null then 1 else :limit::integer end
 order by r.currency, r.day desc
