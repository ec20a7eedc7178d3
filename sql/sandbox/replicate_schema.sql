-- sql/sandbox/replicate_schema.sql: how Replicate's stand-in answers

create function sandbox.replicate_refuse(status int, title text, detail text) returns sandbox.answer language sql immutable
return row(status, json_build_object('title', title, 'detail', detail, 'status', status)::text, null)::sandbox.answer;

create function sandbox.replicate_time() returns text language sql stable
return to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

create function sandbox.replicate_secret() returns text language sql immutable
return 'whsec_' || encode('secret of the millrace sandbox', 'base64');

-- Any model is there, unless its name says that it is not. Its version follows from its name.
create function sandbox.replicate_model(owner text, name text) returns jsonb language sql immutable
return case when owner || '/' || name !~ 'missing' then jsonb_build_object(
  'url', format('https://replicate.com/%s/%s', owner, name), 'owner', owner, 'name', name, 'description', 'The sandbox, not a model',
  'visibility', 'public', 'github_url', null, 'paper_url', null, 'license_url', null, 'run_count', 0, 'cover_image_url', null,
  'default_example', null, 'latest_version', jsonb_build_object('id', md5(owner || '/' || name) || md5(name), 'created_at', '2024-01-15T12:00:00.000Z',
  'cog_version', '0.9.0', 'openapi_schema', '{}'::jsonb)) end;

create function sandbox.replicate_pixels(input jsonb) returns text language sql immutable
return format('%sx%s', least(greatest(coalesce((input ->> 'width')::int, case input ->> 'aspect_ratio' when '9:16' then 576 when '2:3' then 682 end, 1024), 16), 2048),
              least(greatest(coalesce((input ->> 'height')::int, case input ->> 'aspect_ratio' when '16:9' then 576 when '3:2' then 682 end, 1024), 16), 2048));

-- Models of language answer with words, all others with pictures: as many as are asked for.
create function sandbox.replicate_output(model text, input jsonb, base_url text) returns jsonb language sql immutable
return case when model ~* '(llama|mistral|mixtral|gpt|claude|granite|deepseek|instruct|chat|whisper|blip)' then
  (select jsonb_agg(w.word[1] order by w.n)
     from regexp_matches(sandbox.told(coalesce(input ->> 'prompt', input::text)), '\s*\S+\s*$|\s*\S+', 'g') with ordinality w (word, n))
else
  (select jsonb_agg(format('%s/pictures/%s/%s.png', base_url, md5(model || input::text || i), sandbox.replicate_pixels(input)) order by i)
     from generate_series(1, least(greatest(coalesce((input ->> 'num_outputs')::int, 1), 1), 10)) i) end;

-- What is shown of a prediction; the rest is the sandbox's own.
create function sandbox.replicate_shown(prediction jsonb) returns jsonb language sql immutable
return prediction - '{sandbox,sandbox_looks}'::text[];

-- The end of it.
create function sandbox.replicate_ended(prediction jsonb) returns jsonb language sql stable
return prediction || jsonb_build_object('completed_at', sandbox.replicate_time(), 'metrics', '{"predict_time": 1.5}'::jsonb,
                                        'started_at', coalesce(prediction -> 'started_at', to_jsonb(sandbox.replicate_time())))
       || case when prediction -> 'input' ->> 'prompt' like '%sandbox-refuses%'
          then jsonb_build_object('status', 'failed', 'error', 'NSFW content detected. Try running it again, or try a different prompt.',
                                  'logs', E'the sandbox refuses\n')
          else jsonb_build_object('status', 'succeeded', 'logs', E'the sandbox has made it up\n', 'output',
                                  sandbox.replicate_output(prediction ->> 'model', prediction -> 'input', prediction ->> 'sandbox')) end;

create function sandbox.replicate_tell(prediction jsonb, event text) returns void language sql volatile
begin atomic
  select sandbox.send('replicate', prediction ->> 'id', prediction ->> 'webhook', 'msg_' || (prediction ->> 'id') || '_' || event, 'replicate',
                      sandbox.replicate_secret(), sandbox.replicate_shown(prediction)::text, headers => '{"Content-Type": "application/json"}')
   where prediction ->> 'webhook' is not null
     and coalesce(prediction -> 'webhook_events_filter' ? event, true);
end;

-- Who waits (Prefer: wait) is told the end at once; with a webhook the end comes by itself; else with looks.
create function sandbox.replicate_predict(model text, version text, body jsonb, base_url text, wait boolean) returns sandbox.answer
language plpgsql as $$
declare
  id text;
  made jsonb;
  ended jsonb;
begin
  if jsonb_typeof(body -> 'input') is distinct from 'object' then
    return row(422, '{"title": "Input validation failed", "detail": "- input is required\n", "status": 422, "invalid_fields": [{"type": "required", "field": "", "description": "input is required"}]}',
               null)::sandbox.answer;
  elsif body ->> 'webhook' is not null and body ->> 'webhook' !~ '^https?://' then
    return sandbox.replicate_refuse(422, 'Input validation failed', E'- webhook: Does not match format ''uri''\n');
  end if;
  id := sandbox.id('sandbox', 19);
  made := jsonb_build_object('id', id, 'model', model, 'version', version, 'input', body -> 'input', 'logs', '', 'output', null, 'data_removed', false,
    'error', null, 'status', 'starting', 'source', 'api', 'created_at', sandbox.replicate_time(), 'started_at', null, 'completed_at', null,
    'sandbox', base_url, 'sandbox_looks', 0, 'urls', jsonb_build_object('get', format('%s/replicate/v1/predictions/%s', base_url, id),
                                'cancel', format('%s/replicate/v1/predictions/%s/cancel', base_url, id)))
    || jsonb_strip_nulls(jsonb_build_object('webhook', body -> 'webhook', 'webhook_events_filter', body -> 'webhook_events_filter'));
  ended := sandbox.replicate_ended(made);
  wait := wait or sandbox.looks('replicate', 2) = 0;
  perform sandbox.replicate_tell(made, 'start'), sandbox.replicate_tell(ended, 'completed');
  perform sandbox.put('replicate', 'prediction', id, case when wait or made ? 'webhook' then ended else made end);
  return row(201, sandbox.replicate_shown(case when wait then ended else made end)::text, null)::sandbox.answer;
end $$;

-- "owner/name", "owner/name:version" or a version alone.
create function sandbox.replicate_predict_version(body jsonb, base_url text, wait boolean) returns sandbox.answer language plpgsql as $$
declare
  version text := body ->> 'version';
  model text := case when version like '%/%' then split_part(version, ':', 1) else 'sandbox/model' end;
  given text := nullif(case when version like '%/%' then split_part(version, ':', 2) else version end, '');
begin
  if version is null or version like '%missing%' or (given is not null and given !~ '^[0-9a-f]{64}$') then
    return sandbox.replicate_refuse(422, 'Invalid version or not permitted', 'The specified version does not exist (or perhaps you don''t have permission to use it?)');
  end if;
  return sandbox.replicate_predict(model, coalesce(given, md5(model) || md5(model)), body, base_url, wait);
end $$;

-- starting, processing, succeeded or failed: the end comes with the second look, unless another number was asked for.
create function sandbox.replicate_look(id text) returns jsonb language plpgsql as $$
declare
  prediction jsonb := sandbox.get('replicate', 'prediction', id);
  looks int := (prediction ->> 'sandbox_looks')::int + 1;
begin
  if prediction ->> 'status' in ('starting', 'processing') then
    prediction := prediction || jsonb_build_object('sandbox_looks', looks);
    prediction := sandbox.put('replicate', 'prediction', id, case
      when looks >= sandbox.looks('replicate', 2) then sandbox.replicate_ended(prediction)
      else prediction || jsonb_build_object('status', 'processing', 'started_at', coalesce(prediction ->> 'started_at', sandbox.replicate_time())) end);
  end if;
  return sandbox.replicate_shown(prediction);
end $$;

-- What has ended stays as it is.
create function sandbox.replicate_cancel(id text) returns jsonb language plpgsql as $$
declare
  prediction jsonb := sandbox.get('replicate', 'prediction', id);
begin
  if prediction ->> 'status' in ('starting', 'processing') then
    prediction := sandbox.change('replicate', 'prediction', id, jsonb_build_object('status', 'canceled', 'completed_at', sandbox.replicate_time()));
    perform sandbox.replicate_tell(prediction, 'completed');
  end if;
  return sandbox.replicate_shown(prediction);
end $$;

create function sandbox.replicate_list(query jsonb, base_url text) returns json language plpgsql stable as $$
declare
  page jsonb := sandbox.page('replicate', 'prediction', query ->> 'cursor', null, 100);
begin
  return json_build_object('previous', null,
    'next', case when (page ->> 'more')::boolean then format('%s/replicate/v1/predictions?cursor=%s', base_url, page -> 'data' -> -1 ->> 'id') end,
    'results', (select coalesce(json_agg(sandbox.replicate_shown(e.value) order by e.n), '[]') from jsonb_array_elements(page -> 'data') with ordinality e (value, n)));
end $$;
