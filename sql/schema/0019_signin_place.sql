-- SPDX-License-Identifier: GPL-3.0-or-later
-- From where an account was signed in with a code. Wrong codes are counted by the day, for an address, so that nobody guesses one;
-- if strangers and the owner were counted together, any stranger could use up the owner's tries and lock him out. So each of the
-- three last places that a right code came from has a count of its own, and all other places share one. That makes forty guesses a
-- day at most, of a million codes, and four in a hundred thousand to have guessed right.
create table signin_place (
  account_id bigint not null references account,
  place      text not null,
  seen_at    timestamptz not null default now(),
  primary key (account_id, place)
);
create index signin_place_seen on signin_place (seen_at);

-- A place of :client_place's as it is kept; null when that is no address.
create function signin_place_of(client_place text) returns text
language plpgsql immutable as $$
begin
  return host(client_place::inet);
exception when others then
  return null;
end $$;

-- Whether the account of an address was signed in from there within 90 days, and how what is tried from there is counted: by
-- itself, or with all that comes from elsewhere.
create function signin_place_known(product text, email text, place text) returns boolean
language sql stable as $$
  select exists (select from account a
                   join signin_place p on p.account_id = a.id
                  where a.product = signin_place_known.product and a.email = signin_place_known.email and a.deleted_at is null
                    and p.place = signin_place_known.place and p.seen_at > now() - interval '90 days')
$$;

create function signin_subject(product text, email text, client_place text) returns text
language sql stable as $$
  select product || ':' || email || case when signin_place_known(product, email, p.place) then ' ' || p.place else '' end
    from (select signin_place_of(client_place) as place) p
$$;

-- Count that a code is asked for: three in a quarter of an hour, counted apart in the same way, else strangers could ask for all of
-- them. Every place has its count from the first on, so that becoming known gives nobody a fourth. Seconds to wait, or 0.
create function signin_ask(product text, email text, client_place text) returns integer
language plpgsql as $$
declare
  place text := signin_place_of(client_place);
  own integer := 0;
begin
  if place is not null then
    own := throttle_hit('signin-email', product || ':' || email || ' ' || place, 3, interval '15 minutes');
  end if;
  if signin_place_known(product, email, place) then
    return own;
  end if;
  return throttle_hit('signin-email', product || ':' || email, 3, interval '15 minutes');
end $$;
