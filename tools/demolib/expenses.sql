-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a report can be about: three months of somebody's expenses. :account is whose.
with entered as (
  insert into expenses.expense (account_id, paid_by, category_id, title, amount, booked, currency, expense_date, vendor)
  select :account, :account, c.id, s.title, t.amount, t.amount, 'USD',
         current_date - (n * 37) % 91, s.vendor
    from generate_series(1, 60) n
    join (values (0, 'groceries', 'Weekly groceries', 6420, 'Corner Market'), (1, 'restaurants', 'Lunch with colleagues', 2350, 'Trattoria'),
                 (2, 'public-transport', 'Monthly ticket', 4900, 'City Transit'), (3, 'coffee', 'Coffee', 480, 'Mill Café'),
                 (4, 'internet', 'Internet and phone', 3999, 'Fibernet'), (5, 'movie', 'Cinema', 1850, 'Odeon')) s(k, slug, title, amount, vendor)
      on s.k = n % 6
    cross join lateral (select (s.amount * (100 + 7 * (n % 5)) / 100)::bigint) t(amount)
    join expenses.category c on c.slug = case s.slug when 'movie' then 'entertainment' else s.slug end
  returning *)
insert into expenses.share (expense_id, account_id, position, amount, booked, owed_to, day, category_id, currency)
select id, paid_by, 1, amount, booked, paid_by, expense_date, category_id, currency from entered;
