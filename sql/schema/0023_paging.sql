-- SPDX-License-Identifier: GPL-3.0-or-later
-- Count is kept of what came since 0022 and may grow long.

call list_count_keep('nutrition.meal', 'account_id');
call list_count_keep('nutrition.notification', 'account_id');
call list_count_keep('nutrition.payment', 'account_id');
call list_count_keep('smsagent.task', '0');
call list_count_keep('expenses.notification', 'account_id');
