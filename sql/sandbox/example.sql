-- sql/sandbox/example.sql: what a model says that is none: texts that say whose they are, and instances of JSON schemas. The same
-- words always give the same.

-- What a statement answers (docs/sandbox.md).
create type sandbox.answer as (status int, body text, media text);

-- A page of the things of a kind that have the members of which: {"data": [...], "more": ...}. after, before: ids that it stands
-- behind, or in front of. The newest first, unless said otherwise.
create function sandbox.page(service text, kind text, after text, before text, lim int, which jsonb default '{}',
                             newest boolean default true) returns jsonb language plpgsql stable as $$
#variable_conflict use_column
declare
  up boolean := page.newest = (page.before is null);   -- read by falling n
  edge bigint := (select n from sandbox.thing t where t.service = page.service and t.kind = page.kind
                                                  and t.id = coalesce(page.after, page.before));
  found jsonb;
begin
  lim := least(greatest(coalesce(lim, 10), 1), 1000);
  select coalesce(jsonb_agg(body order by case when up then -n else n end), '[]') into found
    from (select t.body, t.n from sandbox.thing t
           where t.service = page.service and t.kind = page.kind and t.body @> page.which
             and (edge is null or case when up then t.n < edge else t.n > edge end)
           order by case when up then -t.n else t.n end
           limit lim + 1) t;
  return jsonb_build_object('more', jsonb_array_length(found) > lim, 'data',
    (select coalesce(jsonb_agg(e.value order by case when page.before is null then e.n else -e.n end), '[]')
       from jsonb_array_elements(found) with ordinality e (value, n) where e.n <= lim));
end $$;

create function sandbox.tokens(said text) returns int language sql immutable
return ceil(length(coalesce(said, '')) / 4.0);

create function sandbox.told(words text, pictures int default 0) returns text language sql immutable
return format('This is the sandbox, not a model.%s You said: %s',
              case when pictures = 1 then ' You sent a picture.' when pictures > 1 then format(' You sent %s pictures.', pictures)
              else '' end,
              case when length(words) > 300 then left(words, 300) || ' ...' else words end);

create function sandbox.foods() returns text[] language sql immutable
return array['apple', 'banana', 'rice', 'chicken breast', 'broccoli', 'bread', 'egg', 'pasta', 'pizza', 'potato', 'tomato', 'cheese',
             'salmon', 'beef', 'carrot', 'orange', 'yogurt', 'salad', 'avocado', 'beans'];

-- Of what a list tells: the foods that the words name; without one, three that follow from the words and the picture.
create function sandbox.subjects(words text) returns text[] language sql immutable
return coalesce(
  (select array_agg(food order by strpos(lower(words), food), food) from unnest(sandbox.foods()) food
    where strpos(lower(words), food) > 0),
  (select array_agg(food order by n)
     from (select food, row_number() over (order by md5(food || md5(words))) as n from unnest(sandbox.foods()) food) f where n <= 3));

-- A text that a pattern of characters, classes and counts matches: the first of each class, as few as are allowed. Null when the
-- pattern has more than those.
create function sandbox.example_pattern(pattern text) returns text language plpgsql immutable as $made$
declare
  rest text := regexp_replace(pattern, '^\^|\$$', '', 'g');
  made text := '';
  part text[];
  times int;
begin
  while rest <> '' loop
    part := regexp_match(rest, '^(\[\^?[^\]]+\]|\\.|[^][(){}|*+?\\])(\{\d+(?:,\d*)?\}|[+*?])?');
    if part is null then
      return null;
    end if;
    times := case when part[2] is null or part[2] = '+' then 1 when part[2] in ('*', '?') then 0 else substring(part[2] from '\d+')::int end;
    made := made || repeat(case
      when part[1] = '\d' then '1' when part[1] = '\w' then 'a' when part[1] = '\s' then ' ' when part[1] = '.' then 'a'
      when part[1] like '\\%' then substr(part[1], 2)
      when part[1] like '[^%' then left(translate('a1 -', part[1], ''), 1)
      when part[1] like '[\\d%' then '1' when part[1] like '[\\w%' then 'a' when part[1] like '[\\%' then substr(part[1], 3, 1)
      when part[1] like '[%' then substr(part[1], 2, 1)
      else part[1] end, times);
    rest := substr(rest, 1 + length(part[1]) + length(coalesce(part[2], '')));
  end loop;
  return case when made ~ pattern then made end;
end $made$;

create function sandbox.example_text(schema jsonb, name text, words text, subject text) returns text language plpgsql immutable as $$
declare
  made text := case schema ->> 'format'
    when 'date' then '2024-01-15' when 'date-time' then '2024-01-15T12:00:00Z' when 'time' then '12:00:00Z'
    when 'email' then 'sandbox@example.com' when 'uri' then 'https://example.com/sandbox'
    when 'uuid' then '00000000-0000-4000-8000-000000000001' else sandbox.example_pattern(schema ->> 'pattern') end;
begin
  if made is null then
    made := case
      when subject is not null and name ~* '^(name|label|food|item|title|ingredient|dish)' then subject
      when name ~* '(answer|reply|response|text|message|content|summary|description|reason|prompt)' then sandbox.told(words)
      when name ~* 'currency' then 'USD'
      when name ~* '(^|_)date' then '2024-01-15'
      when name ~* 'unit' then 'g'
      else 'sandbox ' || coalesce(nullif(name, ''), 'text') end;
  end if;
  made := left(made, coalesce((schema ->> 'maxLength')::int, length(made)));
  return rpad(made, greatest(length(made), coalesce((schema ->> 'minLength')::int, 0)), '.');
end $$;

-- Within the bounds, in their middle when there are two; else what the name suggests.
create function sandbox.example_number(schema jsonb, name text) returns numeric language plpgsql immutable as $$
declare
  whole boolean := lower(schema ->> 'type') = 'integer';
  low numeric := coalesce((schema ->> 'minimum')::numeric,
                          (schema ->> 'exclusiveMinimum')::numeric + case when whole then 1 else 0.01 end);
  high numeric := coalesce((schema ->> 'maximum')::numeric,
                           (schema ->> 'exclusiveMaximum')::numeric - case when whole then 1 else 0.01 end);
  step numeric := (schema ->> 'multipleOf')::numeric;
  made numeric := case when name ~* '(confidence|score|probab)' then 0.9 when name ~* '(gram|weight|portion|amount|calor|kcal)' then 100
                       else 1 end;
begin
  if low is not null and high is not null and not made between low and high then
    made := (low + high) / 2;
  end if;
  made := least(greatest(made, low), high);      -- a null counts for nothing
  made := case when step > 0 and ceil(made / step) * step > high then floor(made / step) * step
               when step > 0 then ceil(made / step) * step when whole then ceil(made) else made end;
  return trim_scale(made);
end $$;

-- A value that the schema allows. words: what was said, which steers it: of an enum the first value that is named there, of a list
-- of things with names as many as it names. Schemas are JSON's, and Gemini's (types in capitals, nullable). One that holds itself
-- comes to an end where it may.
create function sandbox.example(schema jsonb, words text, name text default '', root jsonb default null, subject text default null,
                                depth int default 0)
returns jsonb language plpgsql immutable as $$
declare
  kind text;
  made jsonb;
  subjects text[];
  least_items int;
  most_items int;
  deep boolean := depth >= 6;
begin
  root := coalesce(root, schema);
  if schema ? '$ref' then
    return sandbox.example(root #> string_to_array(ltrim(schema ->> '$ref', '#/'), '/'), words, name, root, subject, depth + 1);
  elsif schema ? 'const' then
    return schema -> 'const';
  elsif schema ? 'enum' then
    return coalesce((select e.value from jsonb_array_elements(schema -> 'enum') with ordinality e (value, n)
                      where jsonb_typeof(e.value) = 'string' and strpos(lower(words), lower(e.value #>> '{}')) > 0 order by e.n limit 1),
                    schema -> 'enum' -> 0);
  elsif coalesce(schema -> 'anyOf', schema -> 'oneOf') is not null then
    return (select sandbox.example(e.value, words, name, root, subject, depth + 1)
              from jsonb_array_elements(coalesce(schema -> 'anyOf', schema -> 'oneOf')) with ordinality e (value, n)
             order by coalesce(lower(e.value ->> 'type') = 'null', false) <> deep, e.n limit 1);
  elsif schema ? 'allOf' then
    return (select jsonb_object_agg(member.key, member.value)
              from jsonb_array_elements(schema -> 'allOf') part,
                   jsonb_each(sandbox.example(part, words, name, root, subject, depth + 1)) member);
  end if;
  kind := lower(case jsonb_typeof(schema -> 'type')
                when 'array' then (select e from jsonb_array_elements_text(schema -> 'type') e where e <> 'null' limit 1)
                else schema ->> 'type' end);
  if kind is null then
    kind := case when schema ? 'properties' then 'object' when schema ? 'items' then 'array' else 'string' end;
  end if;
  case kind
  when 'object' then
    select coalesce(jsonb_object_agg(p.key, sandbox.example(p.value, words, p.key, root, subject, depth + 1)), '{}') into made
      from jsonb_each(schema -> 'properties') p where not deep or schema -> 'required' ? p.key;
  when 'array' then
    subjects := sandbox.subjects(words);
    least_items := coalesce((schema ->> 'minItems')::int, 0);
    most_items := coalesce((schema ->> 'maxItems')::int, 10);
    select coalesce(jsonb_agg(sandbox.example(schema -> 'items', words, name, root,
                                              coalesce(subjects[i], subjects[1] || ' ' || i), depth + 1) order by i), '[]') into made
      from generate_series(1, case when deep then least_items else least(greatest(cardinality(subjects), least_items, 1), most_items) end) i;
  when 'string' then made := to_jsonb(sandbox.example_text(schema, name, words, subject));
  when 'integer' then made := to_jsonb(sandbox.example_number(schema, name));
  when 'number' then made := to_jsonb(sandbox.example_number(schema, name));
  when 'boolean' then made := to_jsonb(true);
  else made := 'null';
  end case;
  return made;
end $$;
