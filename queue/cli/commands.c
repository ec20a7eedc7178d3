/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/database.h"
#include "queue/cli/command.h"
#include "queue/cli/migrate.h"

int command_migrate(struct operation *operation)
{
    /* A migration may take longer than a statement of daily work. */
    struct database *database = database_new(operation->ctx, operation->config->database_url, 600000);
    return migrate(database) < 0 ? FAILED : DONE;
}

int command_config(struct operation *operation)
{
    config_print(operation->config, stdout);
    return DONE;
}
