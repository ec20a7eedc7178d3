/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/conninfo.h"
#include "common/memory.h"
#include <libpq-fe.h>

/* The `options` that the configured string has itself, or "". */
static const char *conninfo_own_options(void *ctx, const char *conninfo)
{
    PQconninfoOption *all =
        PQconninfoParse(conninfo, NULL); /* NULL: a bare database name, or wrong (seen on connect) */
    const char *options = "";

    for (const PQconninfoOption *option = all; option && option->keyword; option++)
        if (!strcmp(option->keyword, "options") && option->val)
            options = COPY(ctx, option->val);
    PQconninfoFree(all);
    return options;
}

void conninfo_fill(void *ctx, const char *conninfo, const char *application, int timeout, struct conninfo *ret)
{
    /* A transaction left open by a bug or a stuck client holds locks: the server ends it. Plans are made once: our
     * statements are written so that one plan is good for all values, and planning costs more than running. Nor may
     * one be made of what a table was like when it was empty: reading all of it was cheapest then, and would be done
     * until the table is analyzed anew. */
    const char *options = FORMAT(ctx,
                                 "%s -c statement_timeout=%d -c idle_in_transaction_session_timeout=%d -c TimeZone=UTC"
                                 " -c plan_cache_mode=force_generic_plan -c jit=off -c enable_seqscan=off",
                                 conninfo_own_options(ctx, conninfo), timeout, timeout + 10000);
    const struct {
        const char *keyword, *value;
    } rows[] = {
        { "application_name", application },
        { "connect_timeout", "3" },
        { "tcp_user_timeout", "10000" },
        { "dbname", conninfo }, /* what it says overrides the rows above, and the rows below override it */
        { "client_encoding", "UTF8" },
        { "options", options },
    };

    *ret = (struct conninfo){ 0 };
    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        ret->keywords[i] = rows[i].keyword;
        ret->values[i] = rows[i].value;
    }
}
