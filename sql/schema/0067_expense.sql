-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: what an expense is shown as, who may do what with it, what may be said of it, and who is told.

alter table expenses.share add id bigint not null generated always as identity;
create index share_place on expenses.share (expense_id, position);
-- Amounts of any currency in one unit, a thousandth: none has more than three decimals.
create function expenses.thousandths(minor bigint, currency text) returns bigint
language sql immutable parallel safe as $$
  select minor * case billing.digits(currency) when 2 then 10 when 0 then 1000 else 1 end
$$;

-- What a search looks at: folding letters for each look would take ten times as long as looking.
alter table expenses.expense add words text not null generated always as (lower(title || E'\n' || description)) stored;
-- What amounts are compared by.
alter table expenses.expense add thousandths bigint not null generated always as (expenses.thousandths(amount, currency)) stored;
create index expense_group_amount on expenses.expense (group_id, thousandths desc, id desc) where deleted_at is null;

-- ---- what stands in answers ----

create function expenses.category_json(c expenses.category) returns json
language sql stable parallel safe as $$
  select json_build_object('id', expenses.category_ref(c.id), 'name', c.name, 'icon', c.icon, 'color', c.color)
$$;

-- The payer's own share is settled when all others are, one of nothing in any case.
create function expenses.share_settled(s expenses.share, open integer) returns boolean
language sql immutable parallel safe as $$
  select s.settled_at is not null or s.amount = 0 or (s.account_id = s.owed_to and open = 0)
$$;

-- Expenses as lists and events show them, in any order. Participants may be hundreds: the first ten are shown here, all of them as
-- the shares of one that is looked at alone. One statement shows a whole page.
create function expenses.expenses_shown(ids bigint[], base text) returns table (id bigint, body json)
language plpgsql stable rows 20 as $$
begin
  return query
  select e.id, json_build_object(
         'id', expenses.expense_ref(e.id), 'title', e.title, 'description', e.description,
         'amount', expenses.money(e.amount, e.currency), 'currency', expenses.currency_json(e.currency),
         'category', case when c.id is not null then expenses.category_json(c) end,
         'expense_type', case when e.group_id is null then 'personal' else 'group' end,
         'group', case when g.id is not null then json_build_object('id', expenses.group_ref(g.id), 'name', g.name) end,
         'paid_by', json_build_object('id', expenses.user_ref(p.account_id), 'name', p.first_name || ' ' || p.last_name,
                                      'avatar', case when a.id is not null then file_link(a, base, null) end),
         'expense_date', e.expense_date, 'split_type', e.split_type, 'participants', t.shown,
         'receipt', case when r.id is not null then file_link(r, base, 2) end, 'tags', to_json(e.tags), 'is_settled', e.open = 0,
         'created_at', iso_time(e.created_at), 'updated_at', iso_time(e.updated_at), 'vendor', e.vendor, 'location', e.location,
         'participant_count', e.participants)
    from unnest(ids) as i(id)
    join expenses.expense e on e.id = i.id
    left join expenses.category c on c.id = e.category_id
    left join expenses.expense_group g on g.id = e.group_id
    left join expenses.profile p on p.account_id = e.paid_by
    left join file a on a.id = p.avatar_id
    left join file r on r.id = e.receipt_id and r.deleted_at is null
   cross join lateral (
           select coalesce(json_agg(json_build_object(
                             'user_id', expenses.user_ref(s.account_id), 'name', o.first_name || ' ' || o.last_name,
                             'share', expenses.money(s.amount, e.currency), 'is_settled', expenses.share_settled(s, e.open))
                             order by s.position), '[]') as shown
             from (select x.* from expenses.share x where x.expense_id = e.id order by x.position limit 10) s
             left join expenses.profile o on o.account_id = s.account_id) as t;
end $$;

create function expenses.expense_json(e expenses.expense, base text) returns json
language sql stable as $$
  select s.body from expenses.expenses_shown(array[e.id], base) s
$$;

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

-- The members of two objects that have none in common, neither of them empty: json_over() looks each up in the other.
create function json_joined(a json, b json) returns json
language sql immutable parallel safe as $$
  select (left(a::text, -1) || ',' || substr(b::text, 2))::json
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
  return json_joined(json_over(expenses.expense_json(e, base), json_build_object(
         'currency', json_over(expenses.currency_json(e.currency), json_build_object(
                       'exchange_rate_to_usd', expenses.rate_text(expenses.fx_usd(e.currency, e.expense_date)))))), json_build_object(
         'shares', (select coalesce(json_agg(t), '[]')
                      from (select 'shr_' || s.id as id,
                                   json_build_object('id', expenses.user_ref(s.account_id), 'name', p.first_name || ' ' || p.last_name,
                                                     'avatar', case when a.id is not null then file_link(a, base, null) end) as user,
                                   expenses.money(s.amount, s.currency) as amount, expenses.share_settled(s, e.open) as is_settled,
                                   iso_time(s.settled_at) as settled_at
                              from expenses.share s
                              left join expenses.profile p on p.account_id = s.account_id
                              left join file a on a.id = p.avatar_id
                             where s.expense_id = e.id order by s.position) as t),
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

-- The shares as a split is answered: a percentage as it was sent, or to one decimal what a share comes to.
create function expenses.split_json(e expenses.expense) returns json
language sql stable as $$
  select json_build_object('shares', json_agg(json_build_object(
           'user_id', expenses.user_ref(s.account_id), 'amount', expenses.money(s.amount, s.currency),
           'percentage', trim_scale(case e.split_type when 'percentage' then s.weight else round(100.0 * s.amount / e.amount, 1) end))
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
    perform refuse('MR42R', 'is no category', 'category_id');
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
    perform refuse('MR42R', 'is no active member of the group', 'paid_by');
  elsif exists (select u from unnest(who) u
                except
                select m.account_id from expenses.member m where m.group_id = e.group_id and m.status = 'active') then
    perform refuse('MR42R', 'names somebody who is no active member of the group', 'split_data');
  elsif cardinality(who) > 500 then
    perform refuse('MR422', 'must say who takes part: the group has more than 500 members', 'split_data');
  end if;
end $$;

-- ---- what is told ----

-- An amount as people read it: $45.67, CHF 45.67.
create function expenses.price(minor bigint, currency text) returns text
language sql immutable parallel safe as $$
  select expenses.currency_symbol(currency) || case when expenses.currency_symbol(currency) = currency then ' ' else '' end
         || expenses.money(minor, currency)
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

-- Tell of what somebody has done with an expense, in all three ways. shown: as expense_json() has it. The ticket of the job.
create function expenses.expense_tell(e expenses.expense, actor bigint, type text, changes json, shown json, request_id text)
returns text
language plpgsql as $$
declare
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
            'expense_id', expenses.expense_ref(e.id), 'action', words.action, 'expense', shown));
  return event_tell('expenses', 'expense.' || words.action,
                    case when e.group_id is null then 'account/' || e.account_id else 'group/' || e.group_id end, audience,
                    case when type = 'expense_deleted' then json_build_object('expense_id', expenses.expense_ref(e.id),
                                                                              'group_id', expenses.group_ref(e.group_id))
                         else json_build_object('expense', shown) end,
                    (select json_build_object(
                            'type', case when type = 'expense_added' then type else 'expense_updated' end,
                            'title', format(words.headline, g.name), 'message', sentence, 'sender_id', actor,
                            'metadata', json_build_object('expense_id', expenses.expense_ref(e.id), 'group_id', expenses.group_ref(g.id)),
                            'action_url', case when type <> 'expense_deleted' then '/expenses/' || expenses.expense_ref(e.id) end)
                       from expenses.expense_group g where g.id = e.group_id), request_id);
end $$;
