-- public: the rates of services outside. Each is installed once: what an operator has removed or changed stays so.
with service as (
  select * from unnest(:names::text[], :rates::numeric[], :bursts::integer[]) as s(name, rate, burst)),
fresh as (
  insert into limiter_installed (name) select name from service
  on conflict do nothing
  returning name)
insert into limiter (name, rate, burst)
select s.name, s.rate, s.burst from service s join fresh f on f.name = s.name
on conflict do nothing
