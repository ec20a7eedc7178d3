/* SPDX-License-Identifier: GPL-3.0-or-later
 * Few payments that settle what the members of a group owe. Amounts are minor units, exact. */
#ifndef MILLRACE_DEBTS_H
#define MILLRACE_DEBTS_H
#include <stddef.h>
#include <stdint.h>

/* How one stands: what is owed to him, below zero what he owes. Nobody stands in a table twice. */
struct debt_net {
    int64_t account, balance;
};

struct debt_payment {
    int64_t from, to, amount;
};

/* The one who owes most pays the one who is owed most, as much as settles one of the two, until nobody owes or nobody
 * is owed; of equal ones it is the lower account, so that the order of nets makes no difference. There are fewer
 * payments than nets, and ret has room for that many. nets is used up: what is left of the balances, all zero when they
 * came to zero. Returns how many payments there are. */
size_t debts_simplify(struct debt_net *nets, size_t n, struct debt_payment *ret);
#endif
