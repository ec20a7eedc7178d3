-- SPDX-License-Identifier: GPL-3.0-or-later
-- A picture of oneself is shown when an avatar has been made of it, and never as it was sent: what a camera has noted in it
-- (where, when, whose) is nobody's to see. Until then the former one is shown, or none.
alter table expenses.profile add avatar_next_id bigint references file; -- what was sent last and is no avatar yet
create index profile_avatar_next_id_idx on expenses.profile (avatar_next_id);

-- What is shown as it was sent is not any more; its links end. A job that is still to come makes an avatar of it.
with raw as (
  update file f set generation = f.generation + 1
    from expenses.profile p
   where f.id = p.avatar_id and f.storage_key like 'expenses/uploads/%'
  returning f.id)
update expenses.profile p set avatar_next_id = raw.id, avatar_id = null from raw where p.avatar_id = raw.id;

-- The link that an avatar will have once it is one: that of the next generation of what was sent, which leads nowhere till then.
create function expenses.avatar_link(f file, base text) returns text
language sql stable as $$
  select link_write(base, f.product || ':' || f.id || ':' || f.generation + 1, f.name, null, 'inline')
$$;
