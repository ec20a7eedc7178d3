-- SPDX-License-Identifier: GPL-3.0-or-later
-- Signing up and in with a password. What is guessed wrong is counted here, not in Redis: a loss of that must not open the
-- door. The subject of a wrong password is what was typed for the name, so that unknown names are throttled as known ones.

-- How often a password may be wrong: for one name in a quarter of an hour, and from one address in an hour.
create function sign_in_wait(product text, name text, client_place text) returns integer
language sql stable as $$
  select greatest(throttle_wait('password', product || ':' || lower(name), 10),
                  throttle_wait('password-ip', product || ':' || client_place, 100))
$$;

-- The same once more, of what takes its time to be tried: any number may have asked throttle_wait() before the first of them was
-- counted. Who was wrong is counted; who was right waits for those that are just being counted, and comes too late when that were
-- enough. Seconds to wait, or 0.
create function throttle_tried(scope text, subject text, most integer, span interval, good boolean) returns integer
language plpgsql as $$
begin
  if not good then
    return throttle_hit(scope, subject, most, span);
  end if;
  perform from throttle t where t.scope = throttle_tried.scope and t.subject = throttle_tried.subject for share;
  return throttle_wait(scope, subject, most);
end $$;

-- A password has been checked. Always the name's row first, so that no two wait for each other.
create function sign_in_tried(product text, name text, client_place text, matches boolean) returns integer
language plpgsql as $$
declare
  of_name integer := throttle_tried('password', product || ':' || lower(name), 10, interval '15 minutes', matches);
  of_address integer := throttle_tried('password-ip', product || ':' || client_place, 100, interval '1 hour', matches);
begin
  return greatest(of_name, of_address);
end $$;

-- Keep a refresh token that is to be handed out.
create function refresh_keep(account_id bigint, digest text, expires bigint) returns void
language sql volatile as $$
  insert into refresh_token (digest, account_id, expires_at)
  values (decode(digest, 'hex'), account_id, to_timestamp(expires))
$$;

-- An account whose password has been checked, with its new hash when the cost of hashing was raised. Its row; null for null.
create function sign_in(account_id bigint, new_hash text, refresh_digest text, refresh_expires bigint) returns account
language plpgsql as $$
declare
  entered account;
begin
  if account_id is null then
    return null;
  end if;
  if new_hash is not null then
    update account set password_hash = new_hash where id = account_id;
  end if;
  if refresh_digest is not null then
    perform refresh_keep(account_id, refresh_digest, refresh_expires);
  end if;
  select * into entered from account where id = account_id and deleted_at is null;
  return entered;
end $$;

-- A session of twelve hours for an account whose password has been checked.
create function session_open(account_id bigint, digest text) returns void
language sql volatile as $$
  insert into session (digest, account_id, expires_at) values (decode(digest, 'hex'), account_id, now() + interval '12 hours')
$$;

-- The account of a product that an operator means by a user name or an address. Refused when there is none.
create function account_meant(product text, name text) returns bigint
language plpgsql stable as $$
declare
  found bigint := (select a.id from account a
                    where a.product = account_meant.product and a.deleted_at is null
                      and (lower(a.username) = lower(name) or a.email = lower(name))
                    order by lower(a.username) = lower(name) desc limit 1);
begin
  if found is null then
    perform refuse('MR404', 'there is no such account');
  end if;
  return found;
end $$;

-- All that an account is signed in with ends now. Times of tokens are whole seconds: those of this second end as well.
create function sign_out_everywhere(account_id bigint) returns void
language sql volatile as $$
  delete from refresh_token r where r.account_id = sign_out_everywhere.account_id;
  delete from session s where s.account_id = sign_out_everywhere.account_id;
  update account set tokens_valid_after = date_trunc('second', now()) + interval '1 second',
                     api_generation = api_generation + 1
   where id = sign_out_everywhere.account_id;
$$;

create function account_password(account_id bigint, hash text) returns void
language sql volatile as $$
  update account set password_hash = hash where id = account_id
$$;

-- The account that a refresh token still counts for, by the SHA-256 of its jti: it must be kept, and the account must stand.
-- Null when it does not.
create function refresh_account(digest text, account_id bigint, product text, issued_at bigint) returns bigint
language plpgsql stable as $$
#variable_conflict use_variable
begin
  return (select a.id
            from refresh_token r
            join account a on a.id = r.account_id
           where r.digest = decode(digest, 'hex') and r.expires_at > now() and a.id = account_id and a.product = product
             and a.deleted_at is null and a.tokens_valid_after <= to_timestamp(issued_at));
end $$;
