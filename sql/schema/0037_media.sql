-- SPDX-License-Identifier: GPL-3.0-or-later
-- AIlice: videos, sounds and pictures that were sent in, and what was made of them.

-- What may be sent in, by what its bytes say it is (fcgi/ailice/endpoints.c has the same list).
create table ailice.media_form (
  type      text primary key,
  extension text not null,
  class     text not null check (class in ('video', 'audio', 'image'))
);
insert into ailice.media_form values
  ('video/mp4', 'mp4', 'video'), ('video/x-m4v', 'm4v', 'video'), ('video/webm', 'webm', 'video'), ('video/quicktime', 'mov', 'video'),
  ('video/x-matroska', 'mkv', 'video'), ('video/ogg', 'ogv', 'video'), ('audio/mpeg', 'mp3', 'audio'),
  ('audio/x-wav', 'wav', 'audio'), ('audio/ogg', 'ogg', 'audio'), ('application/ogg', 'ogg', 'audio'),
  ('audio/flac', 'flac', 'audio'), ('audio/x-flac', 'flac', 'audio'), ('audio/x-m4a', 'm4a', 'audio'),
  ('image/jpeg', 'jpg', 'image'), ('image/png', 'png', 'image'), ('image/gif', 'gif', 'image'), ('image/webp', 'webp', 'image');

create table ailice.media (
  id                bigint generated always as identity primary key,
  account_id        bigint not null references account,
  file_id           bigint not null unique references file,
  probe_id          uuid not null unique,             -- the job that looks at it
  poster_id         bigint references file,
  original_filename text not null,
  file_size         bigint not null,
  mime_type         text not null references ailice.media_form,
  media_type        text not null check (media_type in ('video', 'audio', 'image')),
  status            text not null default 'processing' check (status in ('processing', 'ready', 'failed')),
  error             text,
  duration_ms       bigint,
  width             integer,
  height            integer,
  details           json,                             -- what the probe has found
  created_at        timestamptz not null default now()
);
create index media_of on ailice.media (account_id, created_at desc, id desc);

create table ailice.rendition (
  id            uuid primary key,                     -- its job's
  media_id      bigint not null references ailice.media,
  output_format text not null,
  quality       text not null,
  status        text not null default 'queued' check (status in ('queued', 'processing', 'completed', 'failed', 'cancelled')),
  error         text,
  file_id       bigint references file,
  file_size     bigint,
  duration_ms   bigint,
  width         integer,
  height        integer,
  created_at    timestamptz not null default now(),
  finished_at   timestamptz
);
-- The same pair is made once: what failed may be asked for again.
create unique index rendition_of on ailice.rendition (media_id, output_format, quality)
 where status in ('queued', 'processing', 'completed');
create index rendition_all on ailice.rendition (media_id, created_at, id);

-- The form that AIlice's reference gives a media file, and what there is to add.
create function ailice.media_json(m ailice.media, f file) returns json
language sql stable parallel safe as $$
  select json_build_object(
           'id', m.id, 'filename', f.name, 'original_filename', m.original_filename, 'file_size', m.file_size,
           'mime_type', m.mime_type, 'media_type', m.media_type, 'duration', round(m.duration_ms / 1000.0)::bigint,
           'width', m.width, 'height', m.height,
           'transcoded', exists (select from ailice.rendition r where r.media_id = m.id and r.status = 'completed'),
           'created_at', ailice.stamp(m.created_at), 'status', m.status, 'error', m.error)
$$;

-- A path that plays a media file for two to three hours without any header, for players that send none.
create function ailice.media_stream(m ailice.media, f file, base text) returns text
language sql stable parallel safe as $$
  select base || '/api/media/' || m.id || '/stream?token=' || split_part(link_write('', f.stem, f.name, 3, 'inline'), '/', 3)
$$;

-- What may be made of what.
create function ailice.media_makes(class text, output_format text) returns boolean
language sql immutable parallel safe as $$
  select case class when 'image' then output_format in ('jpeg', 'png', 'webp')
                    when 'audio' then output_format in ('mp3', 'wav', 'ogg')
                    else output_format in ('mp4', 'webm', 'mp3', 'wav', 'ogg') end
$$;

-- The job that makes, or has made, a pair of a media file. Callers of the same media wait for each other, so that no two
-- jobs are put for one pair. No row: there is no such media of theirs.
create function ailice.media_transcode(media_id bigint, account_id bigint, output_format text, quality text, args json,
                                       request_id text)
returns table (id uuid, status text, ticket text)
language plpgsql as $$
#variable_conflict use_variable
declare
  m ailice.media;
  made job;
begin
  select x.* into m from ailice.media x where x.id = media_id and x.account_id = media_transcode.account_id for update;
  if not found then
    return;
  end if;
  if m.status = 'failed' then
    perform refuse('MR400', 'This media cannot be made into anything: ' || m.error);
  end if;
  if not ailice.media_makes(m.media_type, output_format) then
    perform refuse('MR400', format('cannot be %s: this is %s', output_format,
                                   case m.media_type when 'image' then 'a picture' when 'audio' then 'sound' else 'a video' end),
                   'output_format');
  end if;
  return query
    select r.id, r.status, null::text from ailice.rendition r
     where r.media_id = m.id and r.output_format = media_transcode.output_format and r.quality = media_transcode.quality
       and r.status in ('queued', 'processing', 'completed');
  if found then
    return;
  end if;
  made := job_put('media.transcode', 'ailice', 'ailice/' || account_id, account_id, request_id => request_id,
                  args => job_args_with(args, (select json_build_object('source', f.storage_key) from file f where f.id = m.file_id)));
  insert into ailice.rendition (id, media_id, output_format, quality) values (made.id, m.id, output_format, quality);
  return query select made.id, 'queued', job_ticket(made);
end $$;
