-- SPDX-License-Identifier: GPL-3.0-or-later
-- A piece whose bytes are being removed says so: gone_at is -infinity from the moment that maint.expire takes it up (piece_next),
-- and nobody can have it back then.
comment on column piece.gone_at is 'from then on its bytes go; -infinity: they are going, and nobody can have them back';

-- The pieces of a video that is made in parts: those that were cut, and what was made of each.
create or replace function media_pieces(transcode_id uuid) returns setof piece
language sql stable as $$
  select p.*
    from piece p
   where p.job_id = any (array(select media_pieces.transcode_id
                               union all
                               select m.job_id from media_part m where m.transcode_id = media_pieces.transcode_id))
$$;

-- They are wanted until then, but for those that are going.
create or replace function media_pieces_until(transcode_id uuid, until timestamptz) returns void
language sql as $$
  update piece p set gone_at = until
    from media_pieces(transcode_id) m
   where m.storage_key = p.storage_key and p.gone_at > '-infinity'
$$;

-- They are wanted once more, for a week: those that are there. Who asks for them goes by this answer, for what goes in this
-- moment is waited for.
create function media_pieces_hold(transcode_id uuid) returns setof text
language sql as $$
  update piece p set gone_at = now() + interval '7 days'
    from media_pieces(transcode_id) m
   where m.storage_key = p.storage_key and p.gone_at > '-infinity'
  returning p.storage_key
$$;
