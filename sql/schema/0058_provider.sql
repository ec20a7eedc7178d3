-- SPDX-License-Identifier: GPL-3.0-or-later
-- Services outside: how often they may be called.

-- Limiters of services that `millrace migrate` has installed, once: what operators have made of them since stays.
create table limiter_installed (
  name         text primary key,
  installed_at timestamptz not null default now()
);

-- How services are, as their probe has found them (maint.probe, each minute): what is older than two minutes says nothing.
create view service_state as
  select name, case when checked_at < now() - interval '2 minutes' then 'unknown' else status end as status, ms, detail, why, checked_at
    from provider_health;
