/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/expenses/debts.h"
#include "fcgi/expenses/expenses.h"
#include "fcgi/request.h"

/* The payments that settle nets, both as JSON. Our own statement has written them: what is no number is none. */
static const char *payments_json(struct request *rq, const char *text)
{
    json_auto_t *said = json_loads(text, 0, NULL), *written = memory_check(json_array());
    size_t n = json_array_size(said), count;
    struct debt_net *nets = memory_check(talloc_array(rq, struct debt_net, n));
    struct debt_payment *payments = memory_check(talloc_array(rq, struct debt_payment, n));

    for (size_t i = 0; i < n; i++) {
        const json_t *net = json_array_get(said, i);
        nets[i] = (struct debt_net){ .account = json_integer_value(json_object_get(net, "account")),
                                     .balance = json_integer_value(json_object_get(net, "balance")) };
    }
    count = debts_simplify(nets, n, payments);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(written, json_pack("{s:I, s:I, s:I}", "from", (json_int_t)payments[i].from, "to",
                                                 (json_int_t)payments[i].to, "amount", (json_int_t)payments[i].amount));
    return json_text(rq, written);
}

int expenses_group_balances(struct request *rq)
{
    const char *nets = first_column(rq, "nets"), *pairs = first_column(rq, "pairs");

    if (!nets)
        return fail(rq, E_NOT_FOUND, NULL, NULL);
    argument_set(rq, "nets", nets);
    argument_set(rq, "currency", first_column(rq, "currency"));
    argument_set(rq, "transfers", pairs ? pairs : payments_json(rq, nets));
    argument_set(rq, "is_simplified", pairs ? "false" : "true");
    return answer_from_sql(rq);
}
