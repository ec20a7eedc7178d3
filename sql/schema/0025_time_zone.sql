-- SPDX-License-Identifier: GPL-3.0-or-later
-- Names of time zones. PostgreSQL's own view reads every file of the time zone database at each look.

create table time_zone (name text primary key);
insert into time_zone (name) select name from pg_timezone_names on conflict do nothing;

-- A time zone by its name, refused when there is none such. PostgreSQL is asked only for a name that is not in the table:
-- a newer database of zones counts as soon as it is there.
create or replace function zone_known(name text) returns text
language plpgsql stable as $$
begin
  if name is null or exists (select from time_zone z where z.name = zone_known.name) then
    return name;
  elsif exists (select from pg_timezone_names z where z.name = zone_known.name) then
    return name;
  end if;
  return refuse('MR422', 'is not a time zone that is known', 'timezone');
end $$;
