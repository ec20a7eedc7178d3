-- SPDX-License-Identifier: GPL-3.0-or-later
-- An order is made anew when its answer was lost and the provider's list does not have it. Each time a while must pass before
-- the list proves that; what is looked for reaches back to the first time.
alter table ai_order add tried_at timestamptz not null default now();
