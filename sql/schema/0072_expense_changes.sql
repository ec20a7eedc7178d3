-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: expenses are entered, changed, taken away and listed. Whoever changes one holds its group's row, or its own
-- where it has no group, and reads what he judges by behind that.

-- ---- what is done ----

-- Enter an expense. No body: there is no such group for the caller.
create function expenses.expense_enter(caller bigint, fields json, base text, request_id text, out body json, out jobs text)
language plpgsql as $$
declare
  sent  json := (select coalesce(json_object_agg(f.key, f.value), '{}') from json_each(fields) f where json_typeof(f.value) <> 'null');
  home  bigint := (sent ->> 'group_id')::bigint;
  e     expenses.expense;
  g     expenses.expense_group;
  split record;
begin
  if home is not null and not expenses.is_member(home, caller) then
    return;
  elsif coalesce(sent ->> 'expense_type', '') = 'personal' and home is not null then
    perform refuse('MR422', 'must be group: a group is named', 'expense_type');
  elsif coalesce(sent ->> 'expense_type', '') = 'group' and home is null then
    perform refuse('MR422', 'is required of a group''s expense', 'group_id');
  end if;
  perform expenses.group_lock(home);
  select * into g from expenses.expense_group x where x.id = home and expenses.is_member(home, caller);
  if home is not null and g.id is null then
    return;
  elsif not g.is_active then
    perform refuse('MR409', 'The group is not active');
  end if;
  select coalesce(g.currency, p.preferred_currency), (now() at time zone p.timezone)::date into e.currency, e.expense_date
    from expenses.profile p where p.account_id = caller;
  e.account_id := caller;
  e.paid_by := caller;
  e.group_id := home;
  e.split_type := 'equal';
  e.tags := '{}';
  e := expenses.expense_over(e, sent);
  if sent -> 'split_data' is not null then
    split := expenses.split_read(e, sent -> 'split_data');
  elsif e.split_type <> 'equal' then
    perform refuse('MR422', format('is required of a split of type %s', e.split_type), 'split_data');
  else
    select case when home is null then array[caller] else array_agg(m.account_id order by m.id) end as who, null::numeric[] as weights
      into split from expenses.member m where m.group_id = home and m.status = 'active';
  end if;
  perform expenses.people_check(e, split.who);
  insert into expenses.expense (account_id, paid_by, group_id, category_id, title, description, amount, currency, expense_date,
                                split_type, vendor, location, tags, booked)
  values (caller, e.paid_by, e.group_id, e.category_id, e.title, e.description, e.amount, e.currency, e.expense_date, e.split_type,
          e.vendor, e.location, e.tags, expenses.booked(e))
  returning * into e;
  perform expenses.shares_make(e, split.who, split.weights);
  perform expenses.book(e.id, 1);
  select * into e from expenses.expense x where x.id = e.id;
  body := expenses.expense_json(e, base);
  jobs := expenses.expense_tell(e, caller, 'expense_added', null, body, request_id);
end $$;

-- Change what was sent of an expense. type: what it is called in the group's feed; the body is the expense, or of its split
-- the shares. No body: there is none for the caller.
create function expenses.expense_change(expense_id bigint, caller bigint, sent json, type text, base text, request_id text,
                                        out body json, out jobs text)
language plpgsql as $$
declare
  was     expenses.expense := expenses.expense_locked(expense_id, caller);
  e       expenses.expense;
  facts   json;
  changes json;
  split   record;
  held    record;
begin
  if was.id is null then
    return;
  end if;
  perform expenses.expense_guard(was, caller);
  facts := expenses.expense_facts(was);
  e := expenses.expense_over(was, sent);
  if (e.amount, e.currency, e.expense_date) is distinct from (was.amount, was.currency, was.expense_date) then
    e.booked := expenses.booked(e);
  end if;
  select array_agg(s.account_id order by s.position) as who, array_agg(s.weight order by s.position) as weights
    into held from expenses.share s where s.expense_id = e.id;
  if sent -> 'split_data' is not null then
    split := expenses.split_read(e, sent -> 'split_data');
  elsif e.split_type = 'equal' then
    select held.who as who, array_fill(1::numeric, array[cardinality(held.who)]) as weights into split;
  elsif e.split_type <> was.split_type or e.split_type = 'exact' and (e.amount, e.currency) <> (was.amount, was.currency) then
    perform refuse('MR422', format('is required of a split of type %s', e.split_type), 'split_data');
  else
    split := held;
  end if;
  if (e.amount, e.currency, e.booked, e.paid_by, e.split_type, split.who, split.weights) is distinct from
     (was.amount, was.currency, was.booked, was.paid_by, was.split_type, held.who, held.weights) then
    perform expenses.expense_free(was), expenses.people_check(e, split.who), expenses.book(e.id, -1);
  else
    split.who := null;
  end if;
  update expenses.expense x
     set title = e.title, description = e.description, amount = e.amount, currency = e.currency, category_id = e.category_id,
         expense_date = e.expense_date, paid_by = e.paid_by, split_type = e.split_type, vendor = e.vendor, location = e.location,
         tags = e.tags, booked = e.booked
   where x.id = e.id;
  if split.who is not null then
    perform expenses.shares_make(e, split.who, split.weights), expenses.book(e.id, 1);
    perform expenses.shares_reopen(was.group_id, was.paid_by, w.id) from unnest(held.who) as w(id) where w.id <> was.paid_by;
  elsif (e.category_id, e.expense_date) is distinct from (was.category_id, was.expense_date) then
    update expenses.share s set category_id = e.category_id, day = e.expense_date where s.expense_id = e.id;
  end if;
  changes := expenses.facts_changed(facts, expenses.expense_facts(e));
  update expenses.expense x set updated_at = case when changes is null then x.updated_at else now() end
   where x.id = e.id returning * into e;
  if changes is not null then
    jobs := expenses.expense_tell(e, caller, type, changes, expenses.expense_json(e, base), request_id);
  end if;
  body := case type when 'split_updated' then expenses.split_json(e) else expenses.expense_detail(e, base) end;
end $$;

-- Take an expense away. What was stays in the books' rows, and counts no more; links to its receipt end.
create function expenses.expense_remove(expense_id bigint, caller bigint, base text, request_id text, out removed bigint, out jobs text)
language plpgsql as $$
declare
  e expenses.expense := expenses.expense_locked(expense_id, caller);
begin
  if e.id is null then
    return;
  end if;
  perform expenses.expense_guard(e, caller), expenses.expense_free(e), expenses.book(e.id, -1);
  update expenses.share s set live = false where s.expense_id = e.id;
  perform expenses.shares_reopen(e.group_id, e.paid_by, s.account_id)
     from expenses.share s where s.expense_id = e.id and s.account_id <> e.paid_by;
  update file f set generation = f.generation + 1 where f.id = e.receipt_id;
  update expenses.expense x set deleted_at = now(), updated_at = now() where x.id = e.id returning * into e;
  removed := e.id;
  jobs := expenses.expense_tell(e, caller, 'expense_deleted', null, expenses.expense_json(e, base), request_id);
end $$;

-- Say something about an expense. Who takes part in it is told. No body: there is none for the caller.
create function expenses.comment_add(expense_id bigint, caller bigint, words text, request_id text, out body json, out jobs text)
language plpgsql as $$
declare
  e    expenses.expense := expenses.expense_seen(expense_id, caller);
  c    expenses.comment;
  said text;
begin
  if e.id is null then
    return;
  elsif not expenses.takes_part(e, caller) then
    perform refuse('MR403', 'Only those who take part in an expense may comment on it');
  end if;
  insert into expenses.comment (expense_id, account_id, comment) values (e.id, caller, words) returning * into c;
  body := expenses.comment_json(c);
  said := format('%s commented on ''%s'' expense', (select p.first_name from expenses.profile p where p.account_id = caller), e.title);
  perform expenses.note(e.group_id, e.id, caller, 'comment_added', said, json_build_object(
            'expense_id', expenses.expense_ref(e.id), 'comment_id', 'cmt_' || c.id));
  if e.group_id is not null then        -- nobody can want this event at an address: it carries the notice only
    jobs := event_tell('expenses', 'comment.added', 'group/' || e.group_id,
                       array(select m.account_id from expenses.member m
                              where m.group_id = e.group_id and m.status = 'active' and expenses.takes_part(e, m.account_id)),
                       '{}', json_build_object(
                         'type', 'comment_added', 'title', left('New comment on ' || e.title, 200),
                         'message', said || ': ' || left(words, 200), 'sender_id', caller,
                         'metadata', json_build_object('expense_id', expenses.expense_ref(e.id), 'group_id', expenses.group_ref(e.group_id)),
                         'action_url', '/expenses/' || expenses.expense_ref(e.id)), request_id);
  end if;
end $$;

-- Keep a picture as an expense's receipt, in the place of one that there was, and have it read. No body: there is no such
-- expense for the caller.
create function expenses.receipt_keep(expense_id bigint, caller bigint, storage_key text, type text, base text, request_id text,
                                      out body json, out jobs text)
language plpgsql as $$
declare
  e expenses.expense := expenses.expense_locked(expense_id, caller);
  f file;
begin
  if e.id is null then
    return;
  elsif not expenses.takes_part(e, caller) then
    perform refuse('MR403', 'Only those who take part in an expense may add its receipt');
  end if;
  insert into file (product, account_id, storage_key, name, type)
  values ('expenses', caller, storage_key, expenses.expense_ref(e.id) || '.' || replace(substr(type, 7), 'jpeg', 'jpg'), type)
  returning * into f;
  update file x set deleted_at = now() where x.id = e.receipt_id and x.deleted_at is null;
  update expenses.expense x set receipt_id = f.id, updated_at = now() where x.id = e.id;
  perform expenses.note(e.group_id, e.id, caller, 'receipt_added',
                        format('%s added a receipt to ''%s'' expense of %s',
                               (select p.first_name from expenses.profile p where p.account_id = caller), e.title,
                               expenses.price(e.amount, e.currency)),
                        json_build_object('expense_id', expenses.expense_ref(e.id), 'amount', expenses.money(e.amount, e.currency)));
  jobs := job_ticket(job_put(kind => 'ai.ocr', product => 'expenses', tenant => 'expenses/' || caller, account_id => caller,
                             args => json_build_object('file_id', f.id), request_id => request_id));
  body := json_build_object('receipt_url', file_link(f, base, 2), 'ocr_data', null, 'ocr_status', 'processing');
end $$;

-- What was read on a receipt is told to those who may see its expense.
create function expenses.receipt_read(t picture_text) returns void
language sql volatile as $$
  select live_tell('expenses', case when e.group_id is null then array[e.account_id] else expenses.group_audience(e.group_id) end,
                   'expense_update', json_build_object(
                     'expense_id', expenses.expense_ref(e.id), 'action', 'receipt_processed', 'expense', json_build_object(
                       'id', expenses.expense_ref(e.id), 'title', e.title, 'ocr_status', t.status, 'ocr_data', t.result)))
    from expenses.expense e
   where e.receipt_id = t.file_id and e.deleted_at is null
$$;
create index expense_receipt on expenses.expense (receipt_id) where receipt_id is not null;

-- ---- lists ----

-- The categories that are meant by an id, a slug or a name; whoever is below one counts as well.
create function expenses.categories_of(word text) returns integer[]
language sql stable parallel safe as $$
  select array_agg(distinct b.id)
    from expenses.category c
    join expenses.category b on c.id in (b.id, b.parent_id)
   where expenses.category_ref(c.id) = word or c.slug = lower(word) or lower(c.name) = lower(word)
$$;

-- The filters as they were sent, made ready for the list: {name: value}, of those that were sent only.
create function expenses.expense_filters(sent json) returns json
language plpgsql stable as $$
declare
  f     jsonb := jsonb_strip_nulls(sent::jsonb);
  days  text[];
  ids   integer[];
  field text;
begin
  foreach field in array array['category_id', 'category'] loop
    ids := expenses.categories_of(case field when 'category_id' then 'cat_' else '' end || (f ->> field));
    if f ? field and ids is null then
      perform refuse('MR42R', 'is no category', field);
    elsif f ? field then
      f := f || jsonb_build_object(field, ids);
    end if;
  end loop;
  if f ? 'date_range' then
    days := regexp_match(f ->> 'date_range', '^(\d{4}-\d\d-\d\d),(\d{4}-\d\d-\d\d)$');
    begin
      f := f || jsonb_build_object('range_from', days[1]::date, 'range_to', days[2]::date);
    exception when data_exception then
      days := null;
    end;
    if days is null then
      perform refuse('MR422', 'must be two dates such as 2024-01-01,2024-01-31', 'date_range');
    end if;
  end if;
  if (f ->> 'range_to')::date < (f ->> 'range_from')::date then
    perform refuse('MR422', 'ends before it begins', 'date_range');
  elsif (f ->> 'date_to')::date < (f ->> 'date_from')::date then
    perform refuse('MR422', 'is before date_from', 'date_to');
  end if;
  if f ? 'search' then
    f := f || jsonb_build_object('search', '%' || regexp_replace(lower(f ->> 'search'), '([\\%_])', '\\\1', 'g') || '%');
  end if;
  return f;
end $$;

-- The order of a list, a row a column: what it goes by as an expression, its type, and whether it goes down. Ids decide last.
create function expenses.expense_order(sort text) returns table (n bigint, expression text, type text, down boolean)
language plpgsql stable as $$
begin
  if exists (select from regexp_split_to_table(sort, ',') as s(word) group by ltrim(s.word, '-') having count(*) > 1) then
    perform refuse('MR422', 'names a field twice', 'sort');
  end if;
  return query
    select s.n, coalesce(c.expression, refuse('MR422', 'may have expense_date, amount, title, created_at and updated_at only', 'sort')),
           c.type, s.word like '-%'
      from regexp_split_to_table(sort, ',') with ordinality as s(word, n)
      left join (values ('expense_date', 'e.expense_date', 'date'), ('title', 'lower(e.title)', 'text'),
                        ('amount', 'e.thousandths', 'bigint'),
                        ('created_at', 'e.created_at', 'timestamptz'), ('updated_at', 'e.updated_at', 'timestamptz'))
             as c(name, expression, type) on s.word in (c.name, '-' || c.name);
  return query
    select o.n + 1, 'e.id', 'bigint', o.last like '-%'
      from (select max(t.n) as n, (array_agg(t.word order by t.n desc))[1] as last
              from regexp_split_to_table(sort, ',') with ordinality as t(word, n)) as o;
end $$;

-- A page of the expenses that somebody may see: those of his groups, and his own. The statement is put together here of nothing
-- but what stands here, so that it has the filters that were sent and no others. How many there are in all is known without
-- filters, and where the cursor of a long list tells it: then each group's are read in the list's order from an index, as far as
-- the page goes. Else they are found once, counted, and put in order. Values are its parameters: $1 the caller, $2 filters,
-- $3 where the page begins, $4 how many rows to read, $5 to pass over, $6 to show, $7 the base of links, $8 how many there are.
create function expenses.expense_page(caller bigint, sent json, sort text, page_limit bigint, page_more bigint, page_offset bigint,
                                      page_after json, page_before json, page_total bigint, base text,
                                      out body json, out keys text, out total bigint)
language plpgsql stable as $$
declare
  f       json := expenses.expense_filters(sent);
  home    bigint := (f ->> 'group_id')::bigint;
  up      boolean := page_before is not null;
  place   json := coalesce(page_after, page_before);
  homes   text := 'select distinct m.group_id from expenses.member m where m.account_id = $1 and m.status = ''active''';
  own     text := 'e.group_id is null and e.account_id = $1';
  tests   text;            -- what the filters let through
  columns text;            -- what the list goes by: k1, k2, ..., the last the id
  reading text;            -- the order rows are read in, and
  showing text;            -- shown in
  names   text;
  beyond  text := 'false'; -- what stands behind the place, in the order of reading
  known   boolean;
  c       record;
begin
  if home is not null and not expenses.is_member(home, caller) then
    return;
  elsif home is not null then
    homes := homes || ' and m.group_id = ($2 ->> ''group_id'')::bigint';
    own := 'false';
  end if;
  select coalesce(string_agg(' and ' || t.test, ''), '') into tests
    from (values ('paid_by', 'e.paid_by = ($2 ->> ''paid_by'')::bigint'),
                 ('date_from', 'e.expense_date >= ($2 ->> ''date_from'')::date'),
                 ('date_to', 'e.expense_date <= ($2 ->> ''date_to'')::date'),
                 ('range_from', 'e.expense_date >= ($2 ->> ''range_from'')::date'),
                 ('range_to', 'e.expense_date <= ($2 ->> ''range_to'')::date'),
                 ('amount_min', 'e.thousandths >= (1000 * ($2 ->> ''amount_min'')::numeric)::bigint'),
                 ('amount_max', 'e.thousandths <= (1000 * ($2 ->> ''amount_max'')::numeric)::bigint'),
                 ('amount_gt', 'e.thousandths > (1000 * ($2 ->> ''amount_gt'')::numeric)::bigint'),
                 ('amount_lt', 'e.thousandths < (1000 * ($2 ->> ''amount_lt'')::numeric)::bigint'),
                 ('category_id', 'e.category_id = any (array(select json_array_elements_text($2 -> ''category_id'')::integer))'),
                 ('category', 'e.category_id = any (array(select json_array_elements_text($2 -> ''category'')::integer))'),
                 ('is_settled', '(e.open = 0) = ($2 ->> ''is_settled'')::boolean'),
                 ('search', 'e.words like $2 ->> ''search''')) as t(name, test)
   where f -> t.name is not null;
  known := tests = '' or coalesce(page_total, 0) > 10000;
  total := case when tests <> '' then page_total else
             (select coalesce(sum(g.expenses), 0) from expenses.expense_group g
               where g.id in (select m.group_id from expenses.member m where m.account_id = caller and m.status = 'active')
                 and (home is null or g.id = home)) +
             (select count(*) from expenses.expense e
               where home is null and e.group_id is null and e.account_id = caller and e.deleted_at is null) end;
  for c in select o.n, o.expression, case when known then o.expression else 'k' || o.n end as term,
                  case when o.down then ' desc' else '' end as shown, case when o.down <> up then ' desc' else '' end as read,
                  case when o.down <> up then '<' else '>' end as sign, format('($3 ->> %s)::%s', o.n - 1, o.type) as mark
             from expenses.expense_order(sort) o order by o.n desc loop
    columns := concat_ws(', ', format('%s as k%s', c.expression, c.n), columns);
    reading := concat_ws(', ', 'k' || c.n || c.read, reading);
    showing := concat_ws(', ', 'p.k' || c.n || c.shown, showing);
    names := concat_ws(', ', 'p.k' || c.n, names);
    beyond := format('(%1$s %2$s %3$s or %1$s = %3$s and %4$s)', c.term, c.sign, c.mark, beyond);
    if c.n = 1 then                     -- said once more, as an index understands it
      beyond := format(' and %s %s= %s and %s', c.term, c.sign, c.mark, beyond);
    end if;
  end loop;
  beyond := case when place is null then '' else beyond end;
  execute format(
    case when known then
      'with page as materialized ('
      ' select r.*, row_number() over () as n from ('
      '  select * from ('
      '   (select x.* from (%1$s) m cross join lateral ('
      '     select %2$s from expenses.expense e where e.group_id = m.group_id and e.deleted_at is null %3$s %4$s'
      '      order by %5$s limit $4 + $5) x)'
      '   union all'
      '   (select %2$s from expenses.expense e where %6$s and e.deleted_at is null %3$s %4$s order by %5$s limit $4 + $5)) u'
      '  order by %5$s limit $4 offset $5) r)'
    else
      'with found as materialized ('
      '  select %2$s from (%1$s) m join expenses.expense e on e.group_id = m.group_id and e.deleted_at is null where true %3$s'
      '   union all'
      '  select %2$s from expenses.expense e where %6$s and e.deleted_at is null %3$s),'
      ' page as materialized ('
      '  select r.*, row_number() over () as n from (select * from found where true %4$s order by %5$s limit $4 offset $5) r)'
    end ||
    ' select coalesce(json_agg(s.body order by %7$s) filter (where p.n <= $6), ''[]''),'
    '        string_agg(json_build_array(%8$s)::text, E''\n'' order by p.n), %9$s'
    '   from page p'
    '   left join expenses.expenses_shown(array(select l.k%10$s from page l where l.n <= $6), $7) s on s.id = p.k%10$s',
    homes, columns, tests, beyond, reading, own, showing, names,
    case when known then '$8' else '(select count(*) from found)' end, (select max(o.n) from expenses.expense_order(sort) o))
     into body, keys, total using caller, f, place, page_more, page_offset, page_limit, base, total;
end $$;

-- ---- the caller as he sees himself ----

-- What of expenses somebody has had to bear, in a currency, each at its day's rate; what has no rate is not in it. It is read
-- from the index share_spent alone, and rates once a day.
create function expenses.borne(account_id bigint, currency text, out total bigint, out count bigint)
language plpgsql stable as $$
begin
  select coalesce(sum(b.amount), 0), coalesce(sum(b.n), 0) into total, count
    from (select sum(s.amount) as amount, count(*) as n
            from expenses.share s
           where s.account_id = borne.account_id and s.live and s.currency = borne.currency
          union all
          select (select sum(round(billing.money(a, d.currency) * r.rate * 10::numeric ^ billing.digits(borne.currency) / r.ours))
                    from unnest(d.amounts) a), cardinality(d.amounts)
            from (select s.currency, s.day, array_agg(s.amount) as amounts
                    from expenses.share s
                   where s.account_id = borne.account_id and s.live and s.currency <> borne.currency
                   group by s.currency, s.day) d
           cross join lateral (select expenses.fx_usd(d.currency, d.day) as rate, expenses.fx_usd(borne.currency, d.day) as ours
                               offset 0) r) b;
end $$;

create or replace function expenses.me(a account, p expenses.profile, base text) returns json
language plpgsql stable as $$
declare
  spent record := expenses.borne(a.id, p.preferred_currency);
begin
  return json_build_object(
         'id', expenses.user_ref(a.id), 'email', a.email, 'username', a.username, 'first_name', p.first_name,
         'last_name', p.last_name, 'avatar', (select file_link(f, base, null) from file f where f.id = p.avatar_id), 'bio', p.bio,
         'preferred_currency', p.preferred_currency, 'timezone', p.timezone,
         'profile', json_build_object(
           'occupation', p.occupation, 'company', p.company, 'country', p.country, 'city', p.city,
           'total_expenses', expenses.money(spent.total, p.preferred_currency), 'expense_count', spent.count,
           'group_count', (select count(distinct m.group_id) from expenses.member m
                            where m.account_id = a.id and m.status = 'active')),
         'settings', p.settings);
end $$;
