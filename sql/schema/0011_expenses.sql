-- SPDX-License-Identifier: GPL-3.0-or-later
-- Expense Tracker: profiles and notifications.

create schema expenses;

create function expenses.user_ref(id bigint) returns text
language sql immutable parallel safe as $$ select 'usr_' || id::text $$;

create table expenses.profile (
  account_id         bigint primary key references account,
  first_name         text not null,
  last_name          text not null,
  bio                text,
  preferred_currency text not null,
  timezone           text not null,
  occupation         text,
  company            text,
  country            text,
  city               text,
  settings           json not null default '{"notifications_enabled": true, "email_notifications": true,
                                             "push_notifications": false}',
  avatar_id          bigint references file
);

-- The caller as he sees himself. Nobody can enter expenses or found groups yet: there are none to count.
create function expenses.me(a account, p expenses.profile, base text) returns json
language plpgsql stable as $$
begin
  return json_build_object(
         'id', expenses.user_ref(a.id), 'email', a.email, 'username', a.username, 'first_name', p.first_name,
         'last_name', p.last_name, 'avatar', (select file_link(f, base, null) from file f where f.id = p.avatar_id), 'bio', p.bio,
         'preferred_currency', p.preferred_currency, 'timezone', p.timezone,
         'profile', json_build_object('occupation', p.occupation, 'company', p.company, 'country', p.country,
                                      'city', p.city, 'total_expenses', '0.00', 'expense_count', 0, 'group_count', 0),
         'settings', p.settings);
end $$;
