-- SPDX-License-Identifier: GPL-3.0-or-later
-- What jobs have put into storage and no row of file names: parts of videos that others go on with, segments, what somebody
-- who died had stored a moment before. A row is there before its bytes are, so that erasure and expiry find all of them.
create table piece (
  storage_key text primary key,
  job_id      uuid not null,
  account_id  bigint references account, -- null: nobody's
  gone_at     timestamptz not null       -- from then on its bytes go
);
create index piece_job on piece (job_id);
create index piece_account on piece (account_id);
create index piece_gone on piece (gone_at);

-- The pieces of a video that is made in parts: those that were cut, and what was made of each.
create function media_pieces(transcode_id uuid) returns setof piece
language sql stable as $$
  select p.*
    from piece p
   where p.job_id = media_pieces.transcode_id
      or p.job_id in (select m.job_id from media_part m where m.transcode_id = media_pieces.transcode_id)
$$;

-- They are wanted until then.
create function media_pieces_until(transcode_id uuid, until timestamptz) returns void
language sql as $$
  update piece p set gone_at = until from media_pieces(transcode_id) m where m.storage_key = p.storage_key
$$;

-- Parts that are there already get what new ones have.
insert into piece (storage_key, job_id, account_id, gone_at)
select distinct on (part.key) part.key, part.job_id, a.id, now() + interval '7 days'
  from media_part m
  join job j on j.id = m.job_id
  left join account a on a.id = j.account_id
 cross join lateral (values (m.made, m.job_id), (case when m.track = 'picture' then j.args ->> 'source' end, m.transcode_id))
       as part(key, job_id)
 where part.key is not null;
