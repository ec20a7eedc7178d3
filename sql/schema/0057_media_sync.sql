-- SPDX-License-Identifier: GPL-3.0-or-later
-- AIlice: what is silent becomes no sound; a sync that is too long for once goes on with the next.

-- Whether it is known to be without sound.
create function ailice.media_silent(m ailice.media) returns boolean
language sql immutable parallel safe as $$
  select m.details -> 'streams' is not null
         and not exists (select from json_array_elements(m.details -> 'streams') as s(stream) where s.stream ->> 'type' = 'audio')
$$;

-- The job that makes, or has made, a pair of a media file. Callers of the same media wait for each other, so that no two
-- jobs are put for one pair. No row: there is no such media of theirs.
create or replace function ailice.media_transcode(media_id bigint, account_id bigint, output_format text, quality text, args json,
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
  if output_format in ('mp3', 'wav', 'ogg') and ailice.media_silent(m) then
    perform refuse('MR400', format('cannot be %s: there is no sound in it', output_format), 'output_format');
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

-- Where the service's list goes on that was too long for one sync: {cursor, page, me, since}; null: a sync begins at its begin.
alter table ailice.integration add place json;

-- What came of a sync, or comes of it.
create or replace function ailice.sync_json(i ailice.integration) returns json
language sql stable parallel safe as $$
  select json_build_object('service_name', i.service, 'sync_status', i.sync_status, 'items_synced', i.items_synced,
                           'message', case i.sync_status when 'completed' then format('Successfully synced %s items%s', i.items_synced,
                                                                                      '. ' || i.error_message)
                                                         when 'error' then i.error_message
                                                         else 'The sync goes on' end)
$$;
