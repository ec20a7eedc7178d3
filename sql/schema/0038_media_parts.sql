-- SPDX-License-Identifier: GPL-3.0-or-later
-- Long videos are made in parts, side by side.

create table media_part (
  job_id       uuid primary key,          -- of kind media.part
  transcode_id uuid not null,             -- the job of kind media.transcode that has cut it
  track        text not null check (track in ('picture', 'sound')),
  position     integer not null,
  made         text,                      -- key of what the job has made
  error        text
);
create index media_part_of on media_part (transcode_id, track, position);

-- A video has been cut: its parts are put as a batch, its sound with them, and behind them the job that joins them. Rows for
-- media_part; none when nothing has been cut. The scheduler finds the jobs in the table, and tells their queue.
create function media_split(transcode_id uuid, folder text, cut json) returns setof media_part
language plpgsql as $$
#variable_conflict use_variable
declare
  j job;
  batch uuid;
  args json;
begin
  if cut -> 'parts' is null then
    return;
  end if;
  select x.* into strict j from job x where x.id = transcode_id;
  args := json_build_object('output_format', j.args ->> 'output_format', 'quality', j.args ->> 'quality');
  batch := batch_open(j.product, j.tenant, j.account_id, 'media.transcode ' || transcode_id,
                      json_build_object('kind', 'media.join', 'args',
                                        job_args_with(args, json_build_object('transcode_id', transcode_id,
                                                                              'duration_ms', (cut ->> 'duration_ms')::bigint))));
  return query
    select put.id, transcode_id, part.track, part.position, null::text, null::text
      from (select 'picture' as track, n::integer as position, folder || '/' || file as source
              from json_array_elements_text(cut -> 'parts') with ordinality as p(file, n)
             union all
            select 'sound', 0, j.args ->> 'source' where (cut ->> 'sound')::boolean) as part
     cross join lateral job_put('media.part', j.product, j.tenant, j.account_id, request_id => j.request_id, batch => batch,
                                anyway => true,
                                args => job_args_with(args, json_build_object('source', part.source, 'track', part.track,
                                                                              'turn', (cut ->> 'turn')::integer))) as put;
  perform batch_close(batch);
end $$;

-- What has become of another form of a media file: made is its file as the job tells it, null when there is none.
create function ailice.rendition_end(rendition uuid, outcome text, folder text, made json, error text) returns void
language sql as $$
  with stored as (
    insert into file (product, account_id, storage_key, name, type)
    select 'ailice', m.account_id, folder || '/' || (made ->> 'file'), made ->> 'file', made ->> 'type'
      from ailice.rendition r
      join ailice.media m on m.id = r.media_id
     where r.id = rendition and made is not null
    returning id)
  update ailice.rendition r
     set status = case outcome when 'done' then 'completed' when 'cancelled' then 'cancelled' else 'failed' end,
         error = case outcome when 'done' then null when 'cancelled' then 'The job was cancelled'
                              else coalesce(rendition_end.error, 'It could not be made') end,
         file_id = (select id from stored),
         file_size = (made ->> 'size')::bigint,
         duration_ms = (made ->> 'duration_ms')::bigint,
         width = nullif((made ->> 'width')::integer, 0),
         height = nullif((made ->> 'height')::integer, 0),
         finished_at = now()
   where r.id = rendition
$$;
