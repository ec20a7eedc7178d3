-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: where somebody is texted who wants to be told so.

alter table expenses.profile add phone_number text;

-- What of a notification reaches whom, and how: one row for each of the audience but the sender. mail_at: null when none
-- is sent; phone likewise. Mails and texts that are to come once a day or a week are not sent one by one.
create function expenses.notice_reach(audience bigint[], notice json)
returns table (account_id bigint, email text, in_app boolean, mail_at timestamptz, phone text)
language sql stable as $$
  select a.id, a.email, 'in_app' = any (c.channels),
         case when 'email' = any (c.channels) and c.frequency = 'immediate'
                   and (p.notices ->> 'email_enabled')::boolean and (p.settings ->> 'email_notifications')::boolean
              then expenses.quiet_until(p.notices -> 'quiet_hours', now()) end,
         case when 'sms' = any (c.channels) and c.frequency = 'immediate' and (p.notices ->> 'sms_enabled')::boolean
              then p.phone_number end
    from account a
    join expenses.profile p on p.account_id = a.id
   cross join lateral (select coalesce(n.enabled, true) as enabled, coalesce(n.channels, '{email,in_app}') as channels,
                              coalesce(n.frequency, 'immediate') as frequency
                         from (select) as one
                         left join expenses.notice_choice n on n.account_id = a.id and n.type = notice ->> 'type') as c
   where a.id = any (audience) and a.product = 'expenses' and a.deleted_at is null and notice is not null
     and a.id is distinct from (notice ->> 'sender_id')::bigint
     and (p.settings ->> 'notifications_enabled')::boolean and c.enabled
$$;
