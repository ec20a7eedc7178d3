/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/queue_names.h"
#include "common/database.h"
#include "common/memory.h"
#include "queue/job.h"
#include "sql.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **queue_names(void *ctx, struct database *database, const char **ret_why)
{
    autoresult struct result told = { 0 };
    const char **names;
    size_t n = 0, count = 0;

    if (database && database_run(database, &sql_queue_kind_queues, NO_PARAMS, &told) < 0 && ret_why)
        *ret_why = COPY(ctx, told.message);
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        n++;
    names = memory_check(talloc_array(ctx, const char *, n + (size_t)result_rows(&told) + 1));
    for (size_t i = 0; i < n; i++)
        names[i] = job_kinds[i].queue;
    for (int i = 0; i < result_rows(&told); i++)
        names[n++] = COPY(names, result_text(&told, i, "queue"));
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++)
        if (count == 0 || strcmp(names[count - 1], names[i]) != 0)
            names[count++] = names[i];
    names[count] = NULL;
    return names;
}
