/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/array_text.h"
#include "common/database.h"
#include "common/memory.h"
#include "common/provider/provider.h"
#include "queue/cli/migrate.h"
#include "queue/cli/options.h"
#include "sql.h"

static const struct option_row no_options[] = { OPTIONS_END };

/* How often the services outside may be called, each once: what an operator has made of it since stays. */
static int limiters_install(struct database *database)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result result = { 0 };
    struct array_text names = { 0 }, rates = { 0 }, bursts = { 0 };

    for (const struct provider *provider = providers; provider->name; provider++) {
        if (!provider->limiter)
            continue;
        array_add(ctx, &names, provider->limiter);
        array_add(ctx, &rates, provider->rate);
        array_add(ctx, &bursts, provider->burst);
    }
    if (database_run(database, &sql_queue_limiters_install,
                     PARAMS({ "names", array_end(ctx, &names) }, { "rates", array_end(ctx, &rates) },
                            { "bursts", array_end(ctx, &bursts) }),
                     &result) == 0)
        return 0;
    complain_of("migrate", &result);
    return -1;
}

int command_migrate(struct operation *operation)
{
    static const struct guide guide = {
        "migrate",
        "",
        "Bring the database's tables up to date, and tell it of the kinds of jobs. May be run again, and\n"
        "by several at once.",
        no_options,
        0,
        0
    };
    struct database *database;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    /* A migration may take longer than a statement of daily work. */
    database = database_new(operation->ctx, operation->config->database_url, 600000);
    if (migrate(database) < 0)
        return FAILED;
    /* The stand-ins of the sandbox have no limits. */
    return !operation->config->sandbox && limiters_install(database) < 0 ? FAILED : DONE;
}

int command_config(struct operation *operation)
{
    static const struct guide guide = {
        "config",
        "",
        "Print all settings with their effective values, in the form of the configuration's file; secrets\n"
        "as (set).",
        no_options,
        0,
        0
    };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    config_print(operation->config, stdout);
    return DONE;
}
