-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: the ways into a group and out of it. Whoever changes who is in one holds its row.

-- ---- the ways in ----

-- Mails go to whom a caller names: he names so many in an hour, and nobody more than five times. Seconds to wait.
create function expenses.invite_wait(account_id bigint, emails text[]) returns integer
language plpgsql as $$
declare
  seconds integer := 0;
  address text;
begin
  foreach address in array emails loop
    seconds := greatest(seconds, throttle_hit('invite-account', account_id::text, 500, interval '1 hour'),
                        throttle_hit('invite-address', account_id || ' ' || address, 5, interval '1 hour'));
  end loop;
  return seconds;
end $$;

-- An address is invited into a group that is locked. Who is known by it (it was verified) is told where he wants to be, too. The
-- token is made where the mail is written; one that was sent before is good no more.
create function expenses.invite(g expenses.expense_group, inviter bigint, address text, message text, request_id text,
                                out invitation expenses.invitation, out jobs text)
language plpgsql as $$
#variable_conflict use_column
declare
  a      account;
  member expenses.member;
  notice json;
begin
  select * into a from account x where x.product = 'expenses' and x.email = invite.address and x.deleted_at is null;
  member := expenses.member_invited(g.id, a.id, address);
  if member.id is null then
    insert into expenses.member as m (group_id, account_id, email, invited_by)
    values (g.id, case when a.verified_at is not null then a.id end, invite.address, inviter) returning m.* into member;
  else
    update expenses.member m
       set status = 'invited', invited_by = inviter,
           account_id = coalesce(m.account_id, case when a.verified_at is not null then a.id end)
     where m.id = member.id returning m.* into member;
  end if;
  update expenses.invitation i set expires_at = now(), digest = null
   where i.member_id = member.id and i.accepted_at is null and i.expires_at > now();
  insert into expenses.invitation as i (member_id, invited_by, message) values (member.id, inviter, invite.message)
  returning i.* into invitation;
  jobs := job_ticket(job_put('mail.invitation', 'expenses', 'expenses/' || inviter, inviter,
                             json_build_object('invitation', invitation.id), request_id, expires_at => invitation.expires_at));
  notice := json_build_object('type', 'group_invite', 'title', format('You are invited to %s', g.name), 'sender_id', inviter,
                              'message', format('%s invites you to the group "%s". A mail tells how to join.',
                                                expenses.person_name(inviter), g.name));
  insert into expenses.notification (account_id, type, title, message, sender_id)
  select r.account_id, notice ->> 'type', notice ->> 'title', notice ->> 'message', inviter
    from expenses.notice_reach(array[member.account_id], notice) r where r.in_app;
  jobs := concat_ws(E'\n', jobs, (
    select job_ticket(job_put('sms.send', 'expenses', 'expenses/' || r.account_id, r.account_id, json_build_object(
                                'to', r.phone, 'body', left(notice ->> 'message', 320)), request_id))
      from expenses.notice_reach(array[member.account_id], notice) r where r.phone is not null));
end $$;

-- The row of somebody who is in a group, has been or is invited: of the account, else of the address.
create function expenses.member_invited(group_id bigint, account_id bigint, address text) returns expenses.member
language sql stable as $$
  select m.* from expenses.member m
   where m.group_id = member_invited.group_id
     and (m.account_id = member_invited.account_id or (m.account_id is null and m.email = address))
   order by m.account_id nulls last limit 1
$$;

-- A member invites somebody; of a private group only an admin does. No row: the caller is none of its members.
create function expenses.group_invite(group_id bigint, account_id bigint, address text, message text, request_id text)
returns setof expenses.answer
language plpgsql as $$
#variable_conflict use_column
declare
  answer expenses.answer;
  g      expenses.expense_group;
  role   text;
  there  expenses.member;
  made   record;
begin
  perform from expenses.membership(group_invite.group_id, group_invite.account_id);
  if not found then
    return;
  end if;
  answer.retry_after := expenses.invite_wait(account_id, array[address]);
  if answer.retry_after > 0 then
    answer.error := 'rate_limited';
    answer.message := 'Too many invitations: try again later';
    return next answer;
    return;
  end if;
  perform expenses.group_lock(group_invite.group_id);
  select m.role into role from expenses.membership(group_invite.group_id, group_invite.account_id) m;
  if role is null then
    return;
  end if;
  select * into g from expenses.expense_group x where x.id = group_invite.group_id;
  there := expenses.member_invited(g.id, (select a.id from account a where a.product = 'expenses' and a.email = address
                                             and a.deleted_at is null), address);
  if g.is_private and role <> 'admin' then
    perform refuse('MR403', 'Only an admin invites into a private group');
  elsif not g.is_active then
    perform refuse('MR409', 'The group is not active');
  elsif there.status = 'active' then
    answer.error := 'duplicate';
    answer.message := 'is a member already';
    answer.field := 'email';
    return next answer;
    return;
  elsif g.members >= 500 and there.status is distinct from 'invited' then
    perform refuse('MR409', 'A group has at most 500 members');
  end if;
  select * into made from expenses.invite(g, group_invite.account_id, address, message, request_id);
  answer.body := json_build_object('invitation_id', 'inv_' || (made.invitation).id, 'email', address,
                                   'expires_at', iso_time((made.invitation).expires_at));
  answer.jobs := made.jobs;
  return next answer;
end $$;

-- An account comes into a group that is locked: by its own row there, if it has one, else by that of an invitation, else by a new
-- one. What was invited besides is the same person.
create function expenses.member_enter(g expenses.expense_group, account_id bigint, invited bigint, base text, request_id text)
returns expenses.answer
language plpgsql as $$
#variable_conflict use_column
declare
  answer expenses.answer;
  own    expenses.member;
begin
  select * into own from expenses.member m where m.group_id = g.id and m.account_id = member_enter.account_id;
  if own.status = 'active' then
    answer.error := 'duplicate';
    answer.message := 'You are a member of the group already';
    return answer;
  elsif not g.is_active then
    perform refuse('MR409', 'The group is not active');
  elsif g.members >= 500 and own.status is distinct from 'invited' and invited is null then
    perform refuse('MR409', 'A group has at most 500 members');
  end if;
  if own.id is not null and invited <> own.id then
    update expenses.invitation i set member_id = own.id where i.member_id = invited;
    delete from expenses.member m where m.id = invited;
  end if;
  update expenses.member m
     set account_id = a.id, email = a.email, status = 'active', joined_at = now()
    from account a
   where m.id = coalesce(own.id, invited) and a.id = member_enter.account_id;
  if not found then
    insert into expenses.member (group_id, account_id, email, status, joined_at)
    select g.id, a.id, a.email, 'active', now() from account a where a.id = member_enter.account_id;
  end if;
  answer.jobs := expenses.member_tell(g.id, account_id, 'member_joined', request_id);
  answer.body := expenses.group_shown(g.id, account_id, base);
  answer.message := 'Successfully joined the group';
  return answer;
end $$;

-- By a group's code. What is guessed is counted, right or wrong. An invitation to the same address is the same person's; its token
-- stays good, since nobody has asked whose the address is.
create function expenses.group_join(account_id bigint, code text, place text, base text, request_id text) returns expenses.answer
language plpgsql as $$
#variable_conflict use_column
declare
  answer expenses.answer;
  found  bigint;
  g      expenses.expense_group;
begin
  answer.retry_after := greatest(throttle_hit('join-account', account_id::text, 20, interval '1 hour'),
                                 throttle_hit('join-place', place, 100, interval '1 hour'));
  if answer.retry_after > 0 then
    answer.error := 'rate_limited';
    answer.message := 'Too many codes: try again later';
    return answer;
  end if;
  select x.id into found from expenses.expense_group x where x.invite_code = upper(code);
  perform expenses.group_lock(found);
  select * into g from expenses.expense_group x where x.id = found and x.invite_code = upper(code);
  if g.id is null then
    answer.error := 'not_found';
    answer.message := 'There is no group of this code';
    return answer;
  end if;
  return expenses.member_enter(g, account_id, (
    select m.id from expenses.member m join account a on a.email = m.email
     where a.id = group_join.account_id and m.group_id = g.id and m.account_id is null), base, request_id);
end $$;

-- By the token of a mail: who has it was invited, whatever his address. It is used up. No row: it is unknown, used or has ended.
create function expenses.invitation_accept(account_id bigint, token_digest text, base text, request_id text)
returns setof expenses.answer
language plpgsql as $$
#variable_conflict use_column
declare
  answer expenses.answer;
  i      expenses.invitation;
  asked  expenses.member;
  g      expenses.expense_group;
begin
  perform expenses.group_lock(m.group_id)
     from expenses.invitation x join expenses.member m on m.id = x.member_id where x.digest = token_digest;
  select * into i from expenses.invitation x where x.digest = token_digest and x.accepted_at is null and x.expires_at > now();
  if i.id is null then
    return;
  end if;
  select * into asked from expenses.member m where m.id = i.member_id;
  select * into g from expenses.expense_group x where x.id = asked.group_id;
  if asked.account_id <> invitation_accept.account_id and (asked.joined_at is not null or asked.status <> 'invited') then
    asked.id := null;                  -- it is, or has been, somebody else's own
  end if;
  answer := expenses.member_enter(g, account_id, asked.id, base, request_id);
  if answer.error is null then
    update expenses.invitation x set accepted_at = now() where x.id = i.id;
    update expenses.member m set status = 'left' where m.id = i.member_id and asked.id is null and m.status = 'invited';
  end if;
  return next answer;
end $$;

-- ---- the way out ----

-- Shares that are open between somebody and the others of a group count as settled: what he owes and what he is owed came to
-- nothing, and what that left between others is entered by debts_pass_on().
create function expenses.shares_close(group_id bigint, account_id bigint) returns void
language sql volatile as $$
  with done as (
    update expenses.share s set settled_at = now()
     where s.group_id = shares_close.group_id and s.live and s.settled_at is null and s.account_id <> s.owed_to and s.amount > 0
       and shares_close.account_id in (s.account_id, s.owed_to)
    returning s.expense_id, s.account_id, s.owed_to, s.booked),
  less as (
    update expenses.expense e set open = e.open - d.n
      from (select expense_id, count(*) as n from done group by expense_id) as d
     where e.id = d.expense_id),
  paired as (
    update expenses.debt t set settled = t.settled + d.booked
      from (select account_id, owed_to, sum(booked) as booked from done group by account_id, owed_to) as d
     where t.group_id = shares_close.group_id and t.debtor_id = d.account_id and t.creditor_id = d.owed_to)
  update expenses.expense_group g set unsettled = g.unsettled - (select coalesce(sum(booked), 0) from done)
   where g.id = shares_close.group_id
$$;

-- What members owe each other one by one, all told: who owes whom.
create function expenses.debts(group_id bigint) returns table (debtor bigint, creditor bigint, amount bigint)
language sql stable as $$
  select case when p.net > 0 then p.a else p.b end, case when p.net > 0 then p.b else p.a end, abs(p.net)::bigint
    from (select least(d.debtor_id, d.creditor_id) as a, greatest(d.debtor_id, d.creditor_id) as b,
                 sum(case when d.debtor_id < d.creditor_id then d.owed - d.paid else d.paid - d.owed end) as net
            from expenses.debt d
           where d.group_id = debts.group_id
           group by 1, 2) as p
   where p.net <> 0
$$;

-- Who leaves owes some and is owed by others, as much. His debtors and his creditors, each in the order of their accounts, are laid
-- side by side; where two meet, money goes once around: the debtor pays him, he pays the creditor, and the creditor the
-- debtor. Nobody's balance changes by that; with him nothing is open any more, and the debtor owes the creditor.
create function expenses.debts_pass_on(group_id bigint, account_id bigint) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  met record;
begin
  for met in
    with open as materialized (
      select * from expenses.debts(debts_pass_on.group_id) d where debts_pass_on.account_id in (d.debtor, d.creditor)),
    from_him as (
      select d.creditor as who, d.amount, sum(d.amount) over (order by d.creditor) as upto
        from open d where d.debtor = debts_pass_on.account_id),
    to_him as (
      select d.debtor as who, d.amount, sum(d.amount) over (order by d.debtor) as upto
        from open d where d.creditor = debts_pass_on.account_id)
    select t.who as debtor, f.who as creditor,
           (least(t.upto, f.upto) - greatest(t.upto - t.amount, f.upto - f.amount))::bigint as amount
      from to_him t join from_him f on t.upto > f.upto - f.amount and f.upto > t.upto - t.amount
     order by t.who, f.who
  loop
    insert into expenses.debt as d (group_id, debtor_id, creditor_id, paid)
    values (debts_pass_on.group_id, met.debtor, debts_pass_on.account_id, met.amount),
           (debts_pass_on.group_id, debts_pass_on.account_id, met.creditor, met.amount),
           (debts_pass_on.group_id, met.creditor, met.debtor, met.amount)
    on conflict (group_id, debtor_id, creditor_id) do update set paid = d.paid + excluded.paid;
    perform expenses.settle_shares(debts_pass_on.group_id, met.creditor, met.debtor),
            expenses.settle_shares(debts_pass_on.group_id, met.debtor, met.creditor),
            expenses.shares_reopen(debts_pass_on.group_id, met.creditor, met.debtor),
            expenses.shares_reopen(debts_pass_on.group_id, met.debtor, met.creditor);
  end loop;
end $$;

-- Settlements that are still to be paid, between somebody who leaves a group and others in it, are not any more. Both hear of it.
create function expenses.settlements_drop(group_id bigint, account_id bigint) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  t expenses.settlement;
begin
  for t in
    update expenses.settlement x set status = 'cancelled', updated_at = now()
     where x.group_id = settlements_drop.group_id and settlements_drop.account_id in (x.payer_id, x.payee_id)
       and x.status in ('pending', 'failed')
    returning x.*
  loop
    perform live_tell('expenses', array[t.payer_id, t.payee_id], 'payment_update', json_build_object(
              'settlement_id', expenses.settlement_ref(t.id), 'status', t.status, 'payer', expenses.person_name(t.payer_id),
              'amount', expenses.money(t.amount, t.currency)));
    perform expenses.note(t.group_id, null, settlements_drop.account_id, 'settlement_cancelled',
                          format('%s does not settle with %s any more', expenses.person_name(t.payer_id),
                                 expenses.person_name(t.payee_id)),
                          json_build_object('settlement_id', expenses.settlement_ref(t.id),
                                            'amount', expenses.money(t.amount, t.currency)));
  end loop;
end $$;

-- A group that nobody administers any more is its oldest member's; one that is empty is active no more.
create function expenses.group_settle_in(group_id bigint) returns void
language sql volatile as $$
  update expenses.member m set role = 'admin'
   where m.id = (select x.id from expenses.member x
                  where x.group_id = group_settle_in.group_id and x.status = 'active'
                  order by x.joined_at nulls first, x.id limit 1)
     and not exists (select from expenses.member x
                      where x.group_id = group_settle_in.group_id and x.status = 'active' and x.role = 'admin');
  update expenses.expense_group g set is_active = false where g.id = group_settle_in.group_id and g.active = 0;
$$;

-- A member leaves. Null: the caller is none of the group's. Else the ticket of the job that tells it.
create function expenses.group_leave(group_id bigint, account_id bigint, request_id text) returns text
language plpgsql as $$
#variable_conflict use_column
declare
  m expenses.member;
  tickets text;
begin
  perform expenses.group_lock(group_leave.group_id) from expenses.membership(group_leave.group_id, group_leave.account_id);
  select * into m from expenses.membership(group_leave.group_id, group_leave.account_id);
  if m.id is null then
    return null;
  elsif m.balance <> 0 then
    perform refuse('MR409', 'Your balance in the group is not settled');
  end if;
  perform from expenses.settlement t
    where t.group_id = m.group_id and m.account_id in (t.payer_id, t.payee_id) and t.status in ('pending', 'processing', 'failed')
    order by t.id for update;
  perform from expenses.settlement t
    where t.group_id = m.group_id and m.account_id in (t.payer_id, t.payee_id) and t.status = 'processing';
  if found then
    perform refuse('MR409', 'A payment of yours in the group is being processed');
  end if;
  perform expenses.settlements_drop(m.group_id, m.account_id);
  perform expenses.shares_close(m.group_id, m.account_id);
  perform expenses.debts_pass_on(m.group_id, m.account_id);
  update expenses.member x set status = 'left' where x.id = m.id;
  tickets := expenses.member_tell(m.group_id, m.account_id, 'member_left', request_id);
  update expenses.member x set role = 'member' where x.id = m.id; -- who comes back is not what he was
  perform expenses.group_settle_in(m.group_id);
  return tickets;
end $$;
