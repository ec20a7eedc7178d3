/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/expenses/debts.h"
#include <stdbool.h>

/* Of those who owe, or of those who are owed, the one with the most; NULL: there is none. The lowest balance has no
 * positive counterpart, so debts are compared below zero. */
static struct debt_net *most_of(struct debt_net *nets, size_t n, int sign)
{
    struct debt_net *most = NULL;

    for (struct debt_net *net = nets; net < nets + n; net++) {
        bool counts = sign < 0 ? net->balance < 0 : net->balance > 0;
        bool beats = !most || (sign < 0 ? net->balance < most->balance : net->balance > most->balance) ||
                     (net->balance == most->balance && net->account < most->account);
        if (counts && beats)
            most = net;
    }
    return most;
}

size_t debts_simplify(struct debt_net *nets, size_t n, struct debt_payment *ret)
{
    struct debt_net *from, *to;
    size_t count = 0;

    while ((from = most_of(nets, n, -1)) && (to = most_of(nets, n, 1))) {
        int64_t left = from->balance + to->balance; /* of unequal signs: it cannot overflow */
        int64_t amount = left < 0 ? to->balance : to->balance - left;

        ret[count++] = (struct debt_payment){ .from = from->account, .to = to->account, .amount = amount };
        from->balance += amount;
        to->balance -= amount;
    }
    return count;
}
