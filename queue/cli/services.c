/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace services: how the services outside are. */
#include "queue/cli/options.h"
#include "queue/cli/table.h"
#include "sql.h"

static const struct column service_columns[] = {
    { "name", COLUMN_TEXT, NULL },
    { "status", COLUMN_TEXT, NULL },
    { "ms", COLUMN_NUMBER, NULL },
    { "checked_at", COLUMN_TEXT, NULL },
    { "detail", COLUMN_TEXT, NULL },
    { "why", COLUMN_TEXT, NULL },
    { .name = NULL },
};

int command_services(struct operation *operation)
{
    static const struct option_row options[] = { OPTION_JSON, OPTIONS_END };
    static const struct guide guide = {
        "services",
        "",
        "Show how the services outside answered when they were asked last (maint.probe):\n"
        "healthy, down, not_configured; or unknown, when that was more than two minutes ago.",
        options,
        0,
        0
    };
    autoresult struct result list = { 0 };
    json_auto_t *rows = NULL;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (database_run(operation->database, &sql_queue_service_list, NO_PARAMS, &list) < 0)
        return complain_of("PostgreSQL", &list);
    rows = table_from(&list, service_columns);
    table_print(service_columns, rows, said.values[0]);
    return DONE;
}
