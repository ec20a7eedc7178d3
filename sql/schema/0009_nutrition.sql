-- SPDX-License-Identifier: GPL-3.0-or-later
-- Nutrition: profiles, plans, notifications.

create schema nutrition;

create table nutrition.profile (
  account_id  bigint primary key references account,
  preferences json not null default '{"daily_calorie_goal": 2000, "protein_goal": 100, "timezone": "UTC",
                                      "meal_reminders": ["08:00", "12:30", "19:00"], "country": null, "phone": null}'
);

create table nutrition.plan (
  id              integer primary key,
  name            text not null,
  description     text not null,
  price           numeric(10, 2) not null,
  currency        text not null,
  period          text not null,
  features        text[] not null,
  is_active       boolean not null default true,
  stripe_price_id text
);
insert into nutrition.plan (id, name, description, price, currency, period, features, stripe_price_id) values
  (1, 'Basic', 'Essential nutrition tracking', 0.00, 'USD', 'month',
   '{"Basic meal tracking", "Nutrition analysis", "Progress tracking"}', null),
  (2, 'Premium', 'Advanced features and insights', 9.99, 'USD', 'month',
   '{"Unlimited meal tracking", "Advanced AI analysis", "Custom goals", "Priority support", "Export data"}',
   'price_1234567890');
