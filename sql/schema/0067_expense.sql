-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: expenses as they are entered, shown, changed and listed.

alter table expenses.share add id bigint not null generated always as identity;
-- What a search looks at: folding letters for each look would take ten times as long as looking.
alter table expenses.expense add words text not null generated always as (lower(title || E'\n' || description)) stored;

-- ---- what stands in answers ----

create function expenses.category_json(c expenses.category) returns json
language sql stable parallel safe as $$
  select json_build_object('id', expenses.category_ref(c.id), 'name', c.name, 'icon', c.icon, 'color', c.color)
$$;

create function expenses.person_shown(account_id bigint, base text) returns json
language plpgsql stable parallel safe as $$
begin
  return (select json_build_object('id', expenses.user_ref(p.account_id), 'name', p.first_name || ' ' || p.last_name,
                                   'avatar', (select file_link(f, base, null) from file f where f.id = p.avatar_id))
            from expenses.profile p where p.account_id = person_shown.account_id);
end $$;

-- Where the receipt can be fetched, for an hour at least. Null: there is none.
create function expenses.receipt_link(e expenses.expense, base text) returns text
language sql stable parallel safe as $$
  select file_link(f, base, 2) from file f where f.id = e.receipt_id and f.deleted_at is null
$$;

-- The payer's own share is settled when all others are, one of nothing in any case.
create function expenses.share_settled(s expenses.share, open integer) returns boolean
language sql immutable parallel safe as $$
  select s.settled_at is not null or s.amount = 0 or (s.account_id = s.owed_to and open = 0)
$$;

-- As lists and events show it. Participants may be hundreds: rows of named columns become objects faster than values are
-- built into them one by one.
create function expenses.expense_json(e expenses.expense, base text) returns json
language plpgsql stable as $$
declare
  unit numeric := expenses.unit(e.currency);
begin
  return json_build_object(
         'id', expenses.expense_ref(e.id), 'title', e.title, 'description', e.description,
         'amount', expenses.money(e.amount, e.currency), 'currency', expenses.currency_json(e.currency),
         'category', (select expenses.category_json(c) from expenses.category c where c.id = e.category_id),
         'expense_type', case when e.group_id is null then 'personal' else 'group' end,
         'group', (select json_build_object('id', expenses.group_ref(g.id), 'name', g.name)
                     from expenses.expense_group g where g.id = e.group_id),
         'paid_by', expenses.person_shown(e.paid_by, base), 'expense_date', e.expense_date, 'split_type', e.split_type,
         'participants', (select coalesce(json_agg(t), '[]')
                            from (select expenses.user_ref(s.account_id) as user_id, p.first_name || ' ' || p.last_name as name,
                                         (s.amount * unit)::text as share, expenses.share_settled(s, e.open) as is_settled
                                    from expenses.share s
                                    left join expenses.profile p on p.account_id = s.account_id
                                   where s.expense_id = e.id order by s.position) as t),
         'receipt', expenses.receipt_link(e, base), 'tags', to_json(e.tags), 'is_settled', e.open = 0,
         'created_at', iso_time(e.created_at), 'updated_at', iso_time(e.updated_at), 'vendor', e.vendor, 'location', e.location);
end $$;

-- What an expense's own activity calls what a group's feed tells.
create function expenses.activity_of_expense(type text) returns text
language sql immutable parallel safe as $$
  select case type when 'expense_added' then 'created' when 'expense_updated' then 'updated' when 'expense_deleted' then 'deleted'
                   when 'comment_added' then 'commented' else type end
$$;

create function expenses.rate_text(rate numeric) returns text
language sql immutable parallel safe as $$
  select case when scale(trim_scale(rate)) < 2 then round(rate, 2) else trim_scale(rate) end::text
$$;

-- All there is to know of one; of comments and of what was done the latest hundred.
create function expenses.expense_detail(e expenses.expense, base text) returns json
language plpgsql stable as $$
declare
  receipt record;
begin
  select coalesce(t.status, 'processing') as status, t.result into receipt
    from file f left join picture_text t on t.file_id = f.id
   where f.id = e.receipt_id and f.deleted_at is null;
  return json_over(expenses.expense_json(e, base), json_build_object(
         'currency', json_over(expenses.currency_json(e.currency), json_build_object(
                       'exchange_rate_to_usd', expenses.rate_text(expenses.fx_usd(e.currency, e.expense_date)))),
         'shares', (select coalesce(json_agg(t), '[]')
                      from (select 'shr_' || s.id as id, expenses.person_shown(s.account_id, base) as user,
                                   expenses.money(s.amount, s.currency) as amount, expenses.share_settled(s, e.open) as is_settled,
                                   iso_time(s.settled_at) as settled_at
                              from expenses.share s where s.expense_id = e.id order by s.position) as t),
         'comments', (select coalesce(json_agg(expenses.comment_json(c) order by c.id), '[]')
                        from (select * from expenses.comment x where x.expense_id = e.id order by x.id desc limit 100) c),
         'activity', (select coalesce(json_agg(json_build_object(
                               'type', expenses.activity_of_expense(a.type), 'user', expenses.person_name(a.account_id),
                               'timestamp', iso_time(a.created_at)) order by a.id), '[]')
                        from (select * from expenses.activity x where x.expense_id = e.id order by x.id desc limit 100) a),
         'ocr_status', receipt.status, 'ocr_data', receipt.result));
end $$;

create function expenses.comment_json(c expenses.comment) returns json
language sql stable parallel safe as $$
  select json_build_object('id', 'cmt_' || c.id, 'user', expenses.person(c.account_id), 'comment', c.comment,
                           'created_at', iso_time(c.created_at))
$$;

-- The shares as a split is answered; a percentage has one decimal.
create function expenses.split_json(e expenses.expense) returns json
language sql stable as $$
  select json_build_object('shares', json_agg(json_build_object(
           'user_id', expenses.user_ref(s.account_id), 'amount', expenses.money(s.amount, s.currency),
           'percentage', trim_scale(round(case e.split_type when 'percentage' then s.weight else 100.0 * s.amount / e.amount end, 1)))
           order by s.position))
    from expenses.share s where s.expense_id = e.id
$$;

-- ---- who may what ----

-- An expense as somebody may see it: his own, or one of a group that he is in. Null: there is none for him.
create function expenses.expense_seen(expense_id bigint, caller bigint) returns expenses.expense
language plpgsql stable as $$
declare
  e expenses.expense;
begin
  select * into e from expenses.expense x
   where x.id = expense_seen.expense_id and x.deleted_at is null
     and case when x.group_id is null then x.account_id = caller else expenses.is_member(x.group_id, caller) end;
  return e;
end $$;

-- The same, to be changed: whoever else wants to waits until it has been, and it is read when nobody can change it any more.
create function expenses.expense_locked(expense_id bigint, caller bigint) returns expenses.expense
language plpgsql as $$
declare
  e expenses.expense := expenses.expense_seen(expense_id, caller);
begin
  if e.group_id is not null then
    perform expenses.group_lock(e.group_id);
  end if;
  perform from expenses.expense x where x.id = e.id for no key update;
  return expenses.expense_seen(e.id, caller);
end $$;

create function expenses.expense_guard(e expenses.expense, caller bigint) returns void
language plpgsql as $$
begin
  if caller not in (e.account_id, e.paid_by) and not expenses.is_admin(e.group_id, caller) then
    perform refuse('MR403', 'Only who entered or paid it and the group''s admins may change an expense');
  end if;
end $$;

-- Who takes part in one: who shares it, paid it or entered it.
create function expenses.takes_part(e expenses.expense, caller bigint) returns boolean
language sql stable as $$
  select caller in (e.account_id, e.paid_by)
      or exists (select from expenses.share s where s.expense_id = e.id and s.account_id = caller)
$$;

-- What others have settled, and what somebody has left behind, stays as it is.
create function expenses.expense_free(e expenses.expense) returns void
language plpgsql as $$
begin
  if exists (select from expenses.share s where s.expense_id = e.id and s.settled_at is not null and s.account_id <> e.paid_by) then
    perform refuse('MR409', 'Somebody has settled his share of this expense');
  elsif e.group_id is not null and exists (
          select from expenses.share s where s.expense_id = e.id and not expenses.is_member(e.group_id, s.account_id)) then
    perform refuse('MR409', 'Somebody who takes part in this expense has left the group');
  elsif e.group_id is not null and not expenses.is_member(e.group_id, e.paid_by) then
    perform refuse('MR409', 'Who paid this expense has left the group');
  end if;
end $$;

-- ---- what is sent ----

-- Of the fields those that were sent, with null for what is to be cleared.
create function expenses.sent(said text[], fields json) returns json
language sql immutable parallel safe as $$
  select coalesce(json_object_agg(f.key, f.value), '{}') from json_each(fields) f where f.key = any (said)
$$;

-- An expense with what was sent over what it was: what is missing stays, null clears.
create function expenses.expense_over(was expenses.expense, sent json) returns expenses.expense
language plpgsql stable as $$
declare
  e expenses.expense := was;
begin
  e.title := merged_text(e.title, sent, 'title');
  e.description := coalesce(merged_text(e.description, sent, 'description'), '');
  e.currency := merged_text(e.currency, sent, 'currency');
  e.amount := expenses.minor(coalesce((sent ->> 'amount')::numeric, billing.money(was.amount, was.currency)), e.currency);
  if e.amount is null then
    perform refuse('MR422', format('has more decimals than %s', e.currency), 'amount');
  end if;
  e.category_id := (select c.id from expenses.category c where c.id = merged_text(e.category_id::text, sent, 'category_id')::bigint);
  if e.category_id is null and sent ->> 'category_id' is not null then
    perform refuse('MR422', 'is no category', 'category_id');
  end if;
  e.expense_date := merged_text(e.expense_date::text, sent, 'expense_date')::date;
  e.paid_by := merged_text(e.paid_by::text, sent, 'paid_by')::bigint;
  e.split_type := merged_text(e.split_type, sent, 'split_type');
  e.vendor := merged_text(e.vendor, sent, 'vendor');
  e.location := merged_text(e.location, sent, 'location');
  if sent -> 'tags' is not null then
    e.tags := array(select t from json_array_elements_text(case json_typeof(sent -> 'tags') when 'array' then sent -> 'tags' end) t);
  end if;
  return e;
end $$;

-- What it comes to in the books.
create function expenses.booked(e expenses.expense) returns bigint
language plpgsql stable as $$
declare
  n bigint := case when e.group_id is null then e.amount
                   else (select expenses.fx_convert(e.amount, e.currency, g.currency, e.expense_date)
                           from expenses.expense_group g where g.id = e.group_id) end;
begin
  if n is null then
    perform refuse('MR422', 'has no exchange rate to the group''s that is known for this day', 'currency');
  end if;
  return n;
end $$;

-- The number of a user's id; null: it is none.
create function expenses.user_number(ref text) returns bigint
language sql immutable parallel safe as $$
  select case when ref ~ '^usr_[1-9][0-9]{0,17}$' then substr(ref, 5)::bigint end
$$;

-- Who shares an expense, in the order that was sent, and by what weights: of an equal split {"participants": [user, ...]}, of
-- others {user: percentage, amount or number of parts}. Numbers are read as they were written.
create function expenses.split_read(e expenses.expense, data json, out who bigint[], out weights numeric[])
language plpgsql stable as $$
declare
  wrong text;
begin
  if e.split_type = 'equal' then
    if coalesce(json_typeof(data -> 'participants'), '') <> 'array' then
      perform refuse('MR422', 'must be a list of users', 'split_data.participants');
    end if;
    select array_agg(expenses.user_number(t.ref) order by t.n), array_agg(1::numeric)
      into who, weights from json_array_elements_text(data -> 'participants') with ordinality as t(ref, n);
  else
    select array_agg(expenses.user_number(t.ref) order by t.n),
           array_agg(case when t.said ~ '^[0-9]{1,12}(\.[0-9]{1,3})?$' then t.said::numeric end order by t.n)
      into who, weights from json_each_text(data) with ordinality as t(ref, said, n);
  end if;
  wrong := case
    when coalesce(cardinality(who), 0) not between 1 and 500 then 'must name 1 to 500 users'
    when array_position(who, null) is not null then 'must name users by ids such as usr_1'
    when (select count(distinct u) from unnest(who) u) < cardinality(who) then 'names somebody twice'
    when array_position(weights, null) is not null then 'must give each user a decimal number'
    when e.split_type = 'percentage' and exists (select from unnest(weights) w where scale(trim_scale(w)) > 2)
      then 'has a percentage of more than two decimals'
    when e.split_type = 'percentage' and (select sum(w) from unnest(weights) w) <> 100 then 'must come to 100 per cent'
    when e.split_type = 'shares' and exists (select from unnest(weights) w where w <> trunc(w) or w not between 1 and 1000000)
      then 'must give each user a whole number of parts, from 1 to 1000000'
    when e.split_type = 'exact' and exists (select from unnest(weights) w where expenses.minor(w, e.currency) is null)
      then format('has more decimals than %s', e.currency)
    when e.split_type = 'exact' and (select sum(expenses.minor(w, e.currency)) from unnest(weights) w) <> e.amount
      then format('must come to the amount, %s', expenses.money(e.amount, e.currency)) end;
  if wrong is not null then
    perform refuse('MR422', wrong, 'split_data');
  end if;
  if e.split_type = 'exact' then
    weights := array(select expenses.minor(w, e.currency) from unnest(weights) with ordinality as t(w, n) order by t.n);
  end if;
end $$;

-- Who shares it and who paid it belong to it now.
create function expenses.people_check(e expenses.expense, who bigint[]) returns void
language plpgsql stable as $$
begin
  if e.group_id is null then
    if e.paid_by <> e.account_id then
      perform refuse('MR422', 'must be who enters it: a personal expense has nobody else', 'paid_by');
    elsif who <> array[e.account_id] then
      perform refuse('MR422', 'names somebody else: a personal expense is its owner''s alone', 'split_data');
    end if;
  elsif not expenses.is_member(e.group_id, e.paid_by) then
    perform refuse('MR422', 'is no active member of the group', 'paid_by');
  elsif exists (select u from unnest(who) u
                except
                select m.account_id from expenses.member m where m.group_id = e.group_id and m.status = 'active') then
    perform refuse('MR422', 'names somebody who is no active member of the group', 'split_data');
  elsif cardinality(who) > 500 then
    perform refuse('MR422', 'must say who takes part: the group has more than 500 members', 'split_data');
  end if;
end $$;

-- ---- what is told ----

-- A sum as people read it.
create function expenses.price(minor bigint, currency text) returns text
language sql immutable parallel safe as $$
  select expenses.currency_symbol(currency) || expenses.money(minor, currency)
$$;

-- All that a change can be about, to be compared and kept.
create function expenses.expense_facts(e expenses.expense) returns json
language sql stable as $$
  select json_build_object(
         'title', e.title, 'description', e.description, 'amount', expenses.money(e.amount, e.currency), 'currency', e.currency,
         'category_id', expenses.category_ref(e.category_id), 'expense_date', e.expense_date, 'paid_by', expenses.user_ref(e.paid_by),
         'split_type', e.split_type,
         'split', (select json_object_agg(expenses.user_ref(s.account_id),
                                          case e.split_type when 'exact' then expenses.money(s.weight::bigint, e.currency)
                                                            else trim_scale(s.weight)::text end order by s.position)
                     from expenses.share s where s.expense_id = e.id),
         'tags', to_json(e.tags), 'vendor', e.vendor, 'location', e.location)
$$;

-- What differs: {name: {"old", "new"}}; null when nothing does.
create function expenses.facts_changed(was json, is_now json) returns json
language sql immutable parallel safe as $$
  select json_object_agg(o.key, json_build_object('old', o.value, 'new', is_now -> o.key))
    from json_each(was) o where o.value::text <> (is_now -> o.key)::text
$$;

-- An expense as events carry it: a job's arguments have an end, so a long list of participants is left out of them.
create function expenses.expense_told(shown json) returns json
language sql immutable parallel safe as $$
  select case when octet_length(shown::text) <= 40000 then shown
              else json_over(shown, json_build_object('participants', '[]'::json,
                                                      'participants_left_out', json_array_length(shown -> 'participants'))) end
$$;

-- Tell of what somebody has done with an expense, in all three ways. shown: as expense_json() has it. The ticket of the job.
create function expenses.expense_tell(e expenses.expense, actor bigint, type text, changes json, shown json, request_id text)
returns text
language plpgsql as $$
declare
  data     json := expenses.expense_told(shown);
  audience bigint[] := case when e.group_id is null then array[e.account_id] else expenses.group_audience(e.group_id) end;
  words    record;
  sentence text;
begin
  select * into words
    from (values ('expense_added', 'created', 'added ''%s'' expense of %s', 'New expense in %s'),
                 ('expense_updated', 'updated', 'updated ''%s'' expense of %s', 'Expense changed in %s'),
                 ('split_updated', 'updated', 'changed the split of ''%s'' expense of %s', 'Split changed in %s'),
                 ('expense_deleted', 'deleted', 'deleted ''%s'' expense of %s', 'Expense deleted in %s'))
         as w(type, action, did, headline)
   where w.type = expense_tell.type;
  sentence := (select p.first_name from expenses.profile p where p.account_id = actor) || ' ' ||
              format(words.did, e.title, expenses.price(e.amount, e.currency));
  perform expenses.note(e.group_id, e.id, actor, type, sentence, json_over(
            json_build_object('expense_id', expenses.expense_ref(e.id), 'amount', expenses.money(e.amount, e.currency)),
            case when changes is not null then json_build_object('changes', changes) end));
  perform live_tell('expenses', audience, 'expense_update', json_build_object(
            'expense_id', expenses.expense_ref(e.id), 'action', words.action, 'expense', data));
  return event_tell('expenses', 'expense.' || words.action,
                    case when e.group_id is null then 'account/' || e.account_id else 'group/' || e.group_id end, audience, data,
                    (select json_build_object(
                            'type', case when type = 'expense_added' then type else 'expense_updated' end,
                            'title', format(words.headline, g.name), 'message', sentence, 'sender_id', actor,
                            'metadata', json_build_object('expense_id', expenses.expense_ref(e.id), 'group_id', expenses.group_ref(g.id)),
                            'action_url', case when type <> 'expense_deleted' then '/expenses/' || expenses.expense_ref(e.id) end)
                       from expenses.expense_group g where g.id = e.group_id), request_id);
end $$;

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

-- Amounts of any currency in one unit, a thousandth: none has more than three decimals.
create function expenses.thousandths(minor bigint, currency text) returns bigint
language sql immutable parallel safe as $$
  select minor * case billing.digits(currency) when 2 then 10 when 0 then 1000 else 1 end
$$;

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
      perform refuse('MR422', 'is no category', field);
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
                        ('amount', 'expenses.thousandths(e.amount, e.currency)', 'bigint'),
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
                 ('amount_min', 'expenses.thousandths(e.amount, e.currency) >= (1000 * ($2 ->> ''amount_min'')::numeric)::bigint'),
                 ('amount_max', 'expenses.thousandths(e.amount, e.currency) <= (1000 * ($2 ->> ''amount_max'')::numeric)::bigint'),
                 ('amount_gt', 'expenses.thousandths(e.amount, e.currency) > (1000 * ($2 ->> ''amount_gt'')::numeric)::bigint'),
                 ('amount_lt', 'expenses.thousandths(e.amount, e.currency) < (1000 * ($2 ->> ''amount_lt'')::numeric)::bigint'),
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
    ' select coalesce(json_agg(expenses.expense_json(e, $7) order by %7$s) filter (where p.n <= $6), ''[]''),'
    '        string_agg(json_build_array(%8$s)::text, E''\n'' order by p.n), %9$s'
    '   from page p join expenses.expense e on e.id = p.k%10$s',
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
