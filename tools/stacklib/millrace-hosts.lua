-- SPDX-License-Identifier: GPL-3.0-or-later
-- The hosts of a private stack, in place of the example in etc/lighttpd.
return {
    ["expenses.test"] = "expenses",
}
