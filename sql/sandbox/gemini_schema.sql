-- sql/sandbox/gemini_schema.sql: how Gemini's stand-in answers

create function sandbox.gemini_refuse(status int, name text, message text) returns sandbox.answer language sql immutable
return row(status, json_build_object('error', json_build_object('code', status, 'message', message, 'status', name))::text,
           null)::sandbox.answer;

create function sandbox.gemini_models() returns setof jsonb language sql immutable
begin atomic
  select jsonb_build_object('name', 'models/' || name, 'version', '001', 'displayName', initcap(replace(name, '-', ' ')) || ' (sandbox)',
                            'description', 'The sandbox, not a model', 'inputTokenLimit', 1048576, 'outputTokenLimit', 8192,
                            'supportedGenerationMethods', array['generateContent', 'countTokens'], 'temperature', 1,
                            'topP', 0.95, 'topK', 40)
    from unnest(array['gemini-1.5-flash', 'gemini-1.5-pro', 'gemini-2.0-flash', 'gemini-2.5-flash', 'gemini-2.5-pro']) with ordinality m (name, n)
   order by n;
end;

create function sandbox.gemini_parts(contents jsonb) returns setof jsonb language sql immutable
begin atomic
  select part.value
    from jsonb_array_elements(case jsonb_typeof(contents) when 'array' then contents when 'object' then jsonb_build_array(contents) else '[]' end)
         with ordinality content (value, n),
         jsonb_array_elements(case when jsonb_typeof(content.value -> 'parts') = 'array' then content.value -> 'parts'
                                   else jsonb_build_array(content.value -> 'parts') end) with ordinality part (value, n)
   where coalesce(content.value ->> 'role', 'user') <> 'model'
   order by content.n, part.n;
end;

create function sandbox.gemini_candidates(content text, finish text, n int) returns json language sql immutable
return (select json_agg(json_build_object('content', json_build_object('parts', json_build_array(json_build_object('text', content)), 'role', 'model'),
                                          'finishReason', finish, 'index', i, 'safetyRatings', '[]'::json) order by i)
          from generate_series(0, n - 1) i);

create function sandbox.gemini_whole(model text, candidates json, asked int, said int) returns json language sql volatile
return json_build_object('candidates', candidates, 'modelVersion', model || '-sandbox', 'responseId', sandbox.id('sandbox'),
                         'usageMetadata', json_build_object('promptTokenCount', asked, 'candidatesTokenCount', said, 'totalTokenCount', asked + said));

-- A word a piece, as server-sent events or as an array.
create function sandbox.gemini_stream(model text, content text, finish text, asked int, sse boolean) returns text language sql volatile
return (select case when sse then string_agg('data: ' || piece::text || E'\r\n\r\n', '' order by n)
               else '[' || string_agg(piece::text, E',\r\n' order by n) || ']' end
          from (select w.n, sandbox.gemini_whole(model,
                         sandbox.gemini_candidates(w.word[1], case when w.n = w.words then finish end, 1), asked,
                         sandbox.tokens(content)) as piece
                  from (select word, n, count(*) over () as words
                          from regexp_matches(content, '\s*\S+\s*$|\s*\S+', 'g') with ordinality r (word, n)) w) pieces);

create function sandbox.gemini_generate(model text, input jsonb, stream boolean, sse boolean) returns sandbox.answer language plpgsql as $$
declare
  config jsonb := coalesce(input -> 'generationConfig', input -> 'generation_config', '{}');
  schema jsonb := coalesce(config -> 'responseSchema', config -> 'response_schema', config -> 'responseJsonSchema');
  most int := coalesce(config ->> 'maxOutputTokens', config ->> 'max_output_tokens')::int;
  asked int := sandbox.tokens(input ->> 'contents') + sandbox.tokens(coalesce(input ->> 'systemInstruction', input ->> 'system_instruction'));
  words text;
  pictures text[];
  content text;
  finish text := 'STOP';
begin
  select coalesce(string_agg(part ->> 'text', E'\n'), ''),
         array_remove(array_agg(coalesce(part -> 'inlineData', part -> 'inline_data') ->> 'data'), null)
    into words, pictures from sandbox.gemini_parts(input -> 'contents') part;
  if input -> 'contents' is null or (words = '' and cardinality(pictures) = 0) then
    return sandbox.gemini_refuse(400, 'INVALID_ARGUMENT', '* GenerateContentRequest.contents: contents is not specified');
  elsif exists (select from unnest(pictures) data where data !~ '^[A-Za-z0-9+/=\s]+$') then
    return sandbox.gemini_refuse(400, 'INVALID_ARGUMENT', 'Unable to process input image. Please retry or report in the issue tracker.');
  elsif words like '%sandbox-refuses%' then
    return row(200, json_build_object('promptFeedback', json_build_object('blockReason', 'SAFETY', 'safetyRatings', '[]'::json),
      'usageMetadata', json_build_object('promptTokenCount', asked, 'totalTokenCount', asked), 'modelVersion', model || '-sandbox')::text, null)::sandbox.answer;
  end if;
  content := case
    when schema is not null then sandbox.example(schema, words || coalesce(' ' || md5(pictures[1]), ''))::text
    when coalesce(config ->> 'responseMimeType', config ->> 'response_mime_type') = 'application/json' then
      json_build_object('sandbox', true, 'text', sandbox.told(words, cardinality(pictures)))::text
    else sandbox.told(words, cardinality(pictures)) end;
  if sandbox.tokens(content) > most then
    content := left(content, most * 4);
    finish := 'MAX_TOKENS';
  end if;
  if stream then
    return row(200, sandbox.gemini_stream(model, content, finish, asked, sse),
               case when sse then 'text/event-stream' else 'application/json' end)::sandbox.answer;
  end if;
  return row(200, sandbox.gemini_whole(model, sandbox.gemini_candidates(content, finish, coalesce((config ->> 'candidateCount')::int, 1)), asked,
                                       sandbox.tokens(content))::text, null)::sandbox.answer;
end $$;

-- call: MODEL:METHOD
create function sandbox.gemini_call(call text, input jsonb, query jsonb) returns sandbox.answer language plpgsql as $$
declare
  model text := split_part(call, ':', 1);
  method text := split_part(call, ':', 2);
begin
  if model not in (select split_part(m ->> 'name', '/', 2) from sandbox.gemini_models() m) then
    return sandbox.gemini_refuse(404, 'NOT_FOUND', format('models/%s is not found for API version v1beta, or is not supported for %s. Call ListModels to see the list of available models and their supported methods.', model, method));
  elsif method = 'generateContent' then
    return sandbox.gemini_generate(model, input, false, false);
  elsif method = 'streamGenerateContent' then
    return sandbox.gemini_generate(model, input, true, coalesce(query ->> 'alt' = 'sse', false));
  elsif method = 'countTokens' then
    return row(200, json_build_object('totalTokens', sandbox.tokens(coalesce(input -> 'generateContentRequest' ->> 'contents', input ->> 'contents')))::text,
               null)::sandbox.answer;
  end if;
  return sandbox.gemini_refuse(404, 'NOT_FOUND', format('There is no method %s.', method));
end $$;
