-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a video's parts are made into was read from its job's arguments, which nobody can read here where they are sealed
-- (queue.encrypt); the row of what is made says it, too. (An operator's own job has none.)
create or replace function media_split(transcode_id uuid, folder text, cut json) returns setof media_part
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
  select json_build_object('output_format', coalesce(r.output_format, j.args ->> 'output_format'),
                           'quality', coalesce(r.quality, j.args ->> 'quality')) into args
    from (values (transcode_id)) as asked(id)
    left join ailice.rendition r using (id);
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
