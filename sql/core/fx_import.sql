-- public: an operator brings them, and they are nobody's.
-- What `millrace fx import` has read; of a rate that is there the new word counts. again: the line that tells one twice, then
-- none is taken
with doubled as (
  select min(d.line) as again
    from (select i.line, row_number() over (partition by i.currency, i.day order by i.line) as n from pg_temp.fx_in i) as d
   where d.n > 1),
taken as (
  insert into expenses.fx_rate as r (currency, day, usd)
  select i.currency, i.day, trim_scale(i.usd / i.units)
    from pg_temp.fx_in i, doubled d
   where d.again is null
  on conflict (currency, day) do update set usd = excluded.usd where r.usd <> excluded.usd
  returning 1)
select count(*) as read, count(distinct i.currency) as currencies, (select count(*) from taken) as changed, (select again from doubled) as again
  from pg_temp.fx_in i
