/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/database.h"
#include "queue/cli/migrate.h"
#include "queue/cli/options.h"

static const struct option_row no_options[] = { OPTIONS_END };

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
    return migrate(database) < 0 ? FAILED : DONE;
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
