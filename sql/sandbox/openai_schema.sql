-- sql/sandbox/openai_schema.sql: how OpenAI's stand-in answers

create function sandbox.openai_refuse(status int, message text, param text default null, code text default null,
                                      type text default 'invalid_request_error') returns sandbox.answer language sql immutable
return row(status, json_build_object('error', json_build_object('message', message, 'type', type, 'param', param, 'code', code))::text,
           null)::sandbox.answer;

-- Models by name, of families that OpenAI has; those that were fine-tuned here.
create function sandbox.openai_has(model text, pattern text) returns boolean language sql stable
return case when model like 'ft:%' then sandbox.get('openai', 'model', model) is not null else model ~ pattern end;

create function sandbox.openai_no_model(model text) returns sandbox.answer language sql immutable
return sandbox.openai_refuse(404, format('The model `%s` does not exist or you do not have access to it.', model), 'model',
                             'model_not_found');

-- All that messages of a role say, pictures left out.
create function sandbox.openai_said(messages jsonb, roles text[]) returns text language sql immutable
return (select coalesce(string_agg(said.text, E'\n' order by m.n, said.n), '')
          from jsonb_array_elements(messages) with ordinality m (value, n)
         cross join lateral (
           select m.value ->> 'content' as text, 0::bigint as n where jsonb_typeof(m.value -> 'content') = 'string'
           union all
           select part.value ->> 'text', part.n
             from jsonb_array_elements(case when jsonb_typeof(m.value -> 'content') = 'array' then m.value -> 'content' else '[]' end)
                  with ordinality part (value, n)
            where part.value ->> 'type' in ('text', 'input_text')) said
         where m.value ->> 'role' = any (roles));

create function sandbox.openai_pictures(messages jsonb) returns text[] language sql immutable
return array(select part.value -> 'image_url' ->> 'url'
               from jsonb_array_elements(messages) m (value),
                    jsonb_array_elements(case when jsonb_typeof(m.value -> 'content') = 'array' then m.value -> 'content' else '[]' end)
                    part (value)
              where part.value ->> 'type' = 'image_url');

-- What a model says that would not answer; null: it answers.
create function sandbox.openai_refusal(words text) returns text language sql immutable
return case when words like '%sandbox-refuses%' then 'I''m sorry, but the sandbox cannot assist with that.' end;

create function sandbox.openai_completion(input jsonb, content text, finish text, prompt_tokens int, refusal text) returns json language sql volatile
return json_build_object(
  'id', sandbox.id('chatcmpl-sandbox'), 'object', 'chat.completion', 'created', sandbox.epoch(),
  'model', input ->> 'model' || '-sandbox',
  'choices', (select json_agg(json_build_object('index', i, 'message', json_build_object('role', 'assistant', 'content', case when refusal is null then content end,
                'refusal', refusal, 'annotations', '[]'::json), 'logprobs', null, 'finish_reason', finish) order by i)
                from generate_series(0, coalesce((input ->> 'n')::int, 1) - 1) i),
  'usage', json_build_object('prompt_tokens', prompt_tokens,
    'completion_tokens', sandbox.tokens(content) * coalesce((input ->> 'n')::int, 1),
    'total_tokens', prompt_tokens + sandbox.tokens(content) * coalesce((input ->> 'n')::int, 1)),
  'service_tier', 'default', 'system_fingerprint', 'fp_sandbox');

-- The same as server-sent events: a chunk for the role, one a word (of a refusal too), the end.
create function sandbox.openai_stream(input jsonb, whole json, content text, finish text, part text) returns text language sql stable
return (select string_agg('data: ' || (json_build_object('id', whole -> 'id', 'object', 'chat.completion.chunk', 'created', whole -> 'created',
                 'model', whole -> 'model', 'system_fingerprint', 'fp_sandbox', 'choices', chunk.choices)::jsonb
                 || chunk.more)::text || E'\n\n', '' order by chunk.n) || E'data: [DONE]\n\n'
          from (select 0::bigint as n, '[{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]'::jsonb as choices,
                       '{}'::jsonb as more
                union all
                select w.n, jsonb_build_array(jsonb_build_object('index', 0, 'delta', jsonb_build_object(part, w.word[1]),
                                                                 'finish_reason', null)), '{}'
                  from regexp_matches(content, '\s*\S+\s*$|\s*\S+', 'g') with ordinality w (word, n)
                union all
                select 1000000, jsonb_build_array(jsonb_build_object('index', 0, 'delta', '{}'::jsonb, 'finish_reason', finish)), '{}'
                union all
                select 1000001, '[]', jsonb_build_object('usage', whole -> 'usage')
                 where (input -> 'stream_options' ->> 'include_usage')::boolean) chunk);

create function sandbox.openai_chat(input jsonb) returns sandbox.answer language plpgsql as $$
declare
  messages jsonb := input -> 'messages';
  format jsonb := input -> 'response_format';
  pictures text[];
  words text;
  content text;
  finish text := 'stop';
  refusal text;
  most int := coalesce((input ->> 'max_completion_tokens')::int, (input ->> 'max_tokens')::int);
  whole json;
begin
  if input ->> 'model' is null then
    return sandbox.openai_refuse(400, 'you must provide a model parameter');
  elsif not sandbox.openai_has(input ->> 'model', '^(gpt-|chatgpt-|o[0-9])') then
    return sandbox.openai_no_model(input ->> 'model');
  elsif jsonb_typeof(messages) is distinct from 'array' or messages = '[]' then
    return sandbox.openai_refuse(400, 'Missing required parameter: ''messages''.', 'messages', 'missing_required_parameter');
  elsif exists (select from jsonb_array_elements(messages) m
                 where m ->> 'role' is null or m ->> 'role' not in ('system', 'developer', 'user', 'assistant', 'tool', 'function')) then
    return sandbox.openai_refuse(400, 'Invalid value: a message''s role.', 'messages[0].role', 'invalid_value');
  end if;
  pictures := sandbox.openai_pictures(messages);
  if exists (select from unnest(pictures) p where p is null or p !~ '^(https?://|data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$)') then
    return sandbox.openai_refuse(400, 'Invalid image data. Expected a URL or a base64-encoded data URL with an image MIME type.', 'messages',
                                 'invalid_image_url');
  elsif format ->> 'type' = 'json_schema' and format -> 'json_schema' ->> 'name' is null then
    return sandbox.openai_refuse(400, 'Missing required parameter: ''response_format.json_schema.name''.', 'response_format.json_schema.name',
                                 'missing_required_parameter');
  end if;
  words := coalesce(nullif(sandbox.openai_said(messages, '{user}'), ''), sandbox.openai_said(messages, '{system,developer}'));
  refusal := sandbox.openai_refusal(words);
  content := case when refusal is not null then refusal else case format ->> 'type'
    when 'json_schema' then
      sandbox.example(format -> 'json_schema' -> 'schema', words || coalesce(' ' || md5(pictures[1]), ''))::text
    when 'json_object' then json_build_object('sandbox', true, 'text', sandbox.told(words, cardinality(pictures)))::text
    else sandbox.told(words, cardinality(pictures)) end end;
  if sandbox.tokens(content) > most then
    content := left(content, most * 4);
    finish := 'length';
  end if;
  whole := sandbox.openai_completion(input, content, finish, sandbox.tokens(messages::text), refusal);
  if (input ->> 'stream')::boolean then
    return row(200, sandbox.openai_stream(input, whole, content, finish, case when refusal is null then 'content' else 'refusal' end),
               'text/event-stream')::sandbox.answer;
  end if;
  return row(200, whole::text, null)::sandbox.answer;
end $$;

create function sandbox.openai_draw(input jsonb, base_url text) returns sandbox.answer language plpgsql as $$
declare
  model text := coalesce(input ->> 'model', 'dall-e-2');
  prompt text := input ->> 'prompt';
  n int := coalesce((input ->> 'n')::int, 1);
  size text := coalesce(nullif(input ->> 'size', 'auto'), '1024x1024');
  sizes text[] := case when model = 'dall-e-3' then '{1024x1024,1792x1024,1024x1792}' when model = 'dall-e-2' then '{256x256,512x512,1024x1024}'
                       else '{1024x1024,1536x1024,1024x1536}' end::text[];
begin
  if not sandbox.openai_has(model, '^(dall-e-[23]|gpt-image-)') then
    return sandbox.openai_no_model(model);
  elsif coalesce(prompt, '') = '' then
    return sandbox.openai_refuse(400, 'Missing required parameter: ''prompt''.', 'prompt', 'missing_required_parameter');
  elsif n not between 1 and (case when model = 'dall-e-3' then 1 else 10 end) then
    return sandbox.openai_refuse(400, format('Invalid ''n'': %s.', n), 'n', 'integer_above_max_value');
  elsif size <> all (sizes) then
    return sandbox.openai_refuse(400, format('Invalid value: ''%s''. Supported values are: %s.', size, array_to_string(sizes, ', ')), 'size',
                                 'invalid_value');
  elsif prompt like '%sandbox-refuses%' then
    return sandbox.openai_refuse(400, 'Your request was rejected as a result of our safety system.', null, 'content_policy_violation',
                                 'image_generation_user_error');
  end if;
  return row(200, json_build_object('created', sandbox.epoch(), 'data', (
    select json_agg(case when model like 'gpt-image-%' or input ->> 'response_format' = 'b64_json'
                         then jsonb_build_object('b64_json', format('picture:%s:%s', md5(prompt || i), size))
                         else jsonb_build_object('url', format('%s/pictures/%s/%s.png', base_url, md5(prompt || i), size)) end
                    || case when model = 'dall-e-3' then jsonb_build_object('revised_prompt', 'The sandbox draws stripes and discs for: ' || prompt)
                       else '{}' end order by i)
      from generate_series(1, n) i))::text, null)::sandbox.answer;
end $$;

create function sandbox.openai_upload(input jsonb) returns sandbox.answer language plpgsql as $$
declare
  id text;
begin
  if input -> 'file' ->> 'filename' is null then
    return sandbox.openai_refuse(400, '''file'' is a required property');
  elsif coalesce(input ->> 'purpose', '') not in ('fine-tune', 'assistants', 'batch', 'vision', 'user_data', 'evals') then
    return sandbox.openai_refuse(400, '''purpose'' is not one of [''fine-tune'', ''assistants'', ''batch'', ''vision'', ''user_data'', ''evals'']', 'purpose');
  end if;
  id := sandbox.id('file-sandbox');
  perform sandbox.put('openai', 'content', id, jsonb_build_object('base64', input -> 'file' ->> 'base64'));
  return row(200, sandbox.put('openai', 'file', id, jsonb_build_object('id', id, 'object', 'file', 'bytes', input -> 'file' -> 'bytes',
    'created_at', sandbox.epoch(), 'filename', input -> 'file' ->> 'filename', 'purpose', input ->> 'purpose',
    'status', 'processed'))::text, null)::sandbox.answer;
end $$;

-- Fine-tuning goes on a step each time that somebody looks.

create function sandbox.openai_event(job text, message text) returns void language sql volatile
begin atomic
  select sandbox.put('openai', 'event ' || job, e.id, jsonb_build_object('object', 'fine_tuning.job.event', 'id', e.id, 'created_at',
                     sandbox.epoch(), 'level', 'info', 'message', message, 'type', 'message', 'data', '{}'::jsonb))
    from sandbox.id('ftevent-sandbox') e (id);
end;

create function sandbox.openai_examples(file text) returns int language sql stable
return (select count(*)::int
          from regexp_split_to_table(convert_from(decode(sandbox.get('openai', 'content', file) ->> 'base64', 'base64'), 'UTF8'), E'\n') line
         where btrim(line) <> '');

create function sandbox.openai_tune(input jsonb) returns sandbox.answer language plpgsql as $$
declare
  model text := input ->> 'model';
  file jsonb := sandbox.get('openai', 'file', input ->> 'training_file');
  id text;
begin
  if model is null or not sandbox.openai_has(model, '^(gpt-|babbage-|davinci-)') then
    return sandbox.openai_refuse(400, format('Model %s is not available for fine-tuning or does not exist.', coalesce(model, '')), null, 'model_not_available');
  elsif file is null then
    return sandbox.openai_refuse(400, format('invalid training_file: %s', input ->> 'training_file'), 'training_file', 'invalid_training_file');
  elsif file ->> 'purpose' <> 'fine-tune' then
    return sandbox.openai_refuse(400, format('File ''%s'' is not of purpose fine-tune.', file ->> 'id'), 'training_file', 'invalid_file_purpose');
  end if;
  id := sandbox.id('ftjob-sandbox');
  perform sandbox.openai_event(id, 'Created fine-tuning job: ' || id);
  return row(200, sandbox.put('openai', 'tune', id, jsonb_build_object('id', id, 'object', 'fine_tuning.job', 'model', model,
    'created_at', sandbox.epoch(), 'finished_at', null, 'fine_tuned_model', null, 'organization_id', 'org-sandbox', 'result_files', '[]'::jsonb,
    'status', 'validating_files', 'training_file', file ->> 'id', 'validation_file', input -> 'validation_file', 'trained_tokens', null,
    'error', '{}'::jsonb, 'seed', coalesce(input -> 'seed', '1'), 'estimated_finish', null, 'integrations', '[]'::jsonb,
    'user_provided_suffix', input -> 'suffix', 'metadata', input -> 'metadata',
    'hyperparameters', jsonb_build_object('n_epochs', 'auto', 'batch_size', 'auto', 'learning_rate_multiplier', 'auto')
                       || coalesce(input -> 'hyperparameters', '{}'),
    'method', coalesce(input -> 'method', '{"type": "supervised"}')))::text, null)::sandbox.answer;
end $$;

create function sandbox.openai_trained(job jsonb) returns jsonb language sql volatile
return (select jsonb_build_object('status', 'succeeded', 'finished_at', sandbox.epoch(), 'fine_tuned_model', made.model ->> 'id',
                                  'trained_tokens', sandbox.openai_examples(job ->> 'training_file') * 100)
          from (select sandbox.put('openai', 'model', name, jsonb_build_object('id', name, 'object', 'model', 'created', sandbox.epoch(),
                                   'owned_by', 'millrace-sandbox')) as model
                  from (select format('ft:%s:millrace-sandbox:%s:%s', job ->> 'model', coalesce(job ->> 'user_provided_suffix', ''),
                                      right(job ->> 'id', 8)) as name) n) made);

-- validating_files, queued, running, succeeded; or failed, with too few examples.
create function sandbox.openai_tune_step(id text) returns jsonb language plpgsql as $$
declare
  job jsonb := sandbox.get('openai', 'tune', id);
  status text := job ->> 'status';
  examples int;
  patch jsonb;
begin
  if status = 'validating_files' then
    examples := sandbox.openai_examples(job ->> 'training_file');
    patch := case when examples >= 10 then '{"status": "queued"}'
      else jsonb_build_object('status', 'failed', 'finished_at', sandbox.epoch(), 'error', jsonb_build_object('code', 'invalid_n_examples',
             'param', 'training_file', 'message', format('Training file has %s example(s), but must have at least 10 examples', examples))) end;
  elsif status = 'queued' then
    patch := '{"status": "running"}';
  elsif status = 'running' then
    patch := sandbox.openai_trained(job);
  else
    return job;
  end if;
  perform sandbox.openai_event(id, 'The job is now ' || (patch ->> 'status'));
  return sandbox.change('openai', 'tune', id, patch);
end $$;

create function sandbox.openai_tune_cancel(id text) returns sandbox.answer language plpgsql as $$
declare
  job jsonb := sandbox.get('openai', 'tune', id);
begin
  if job is null then
    return null;
  elsif job ->> 'status' in ('succeeded', 'failed', 'cancelled') then
    return sandbox.openai_refuse(400, 'Job has already ' || (job ->> 'status') || '.', null, 'invalid_request');
  end if;
  perform sandbox.openai_event(id, 'The job is now cancelled');
  return row(200, sandbox.change('openai', 'tune', id, jsonb_build_object('status', 'cancelled', 'finished_at', sandbox.epoch()))::text,
             null)::sandbox.answer;
end $$;

-- {"object": "list", "data": [...], "has_more": ...}
create function sandbox.openai_list(kind text, query jsonb, which jsonb default '{}') returns json language sql stable
return (select json_build_object('object', 'list', 'data', p.page -> 'data', 'has_more', p.page -> 'more',
                                 'first_id', p.page -> 'data' -> 0 -> 'id', 'last_id', p.page -> 'data' -> -1 -> 'id')
          from (select sandbox.page('openai', kind, query ->> 'after', null, coalesce((query ->> 'limit')::int, 20), which,
                                    query ->> 'order' is distinct from 'asc') as page) p);

create function sandbox.openai_models() returns text[] language sql immutable
return array['gpt-4o', 'gpt-4o-mini', 'gpt-4o-mini-2024-07-18', 'gpt-4.1', 'gpt-4.1-mini', 'gpt-image-1', 'dall-e-2', 'dall-e-3'];
