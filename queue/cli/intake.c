/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/intake.h"
#include "common/memory.h"
#include <errno.h>
#include <string.h>

int intake_complain(PGconn *pg)
{
    char why[512];

    snprintf(why, sizeof why, "%.*s", (int)strcspn(PQerrorMessage(pg), "\n"), PQerrorMessage(pg));
    return complain("PostgreSQL", why, FAILED);
}

int intake_run(PGconn *pg, const char *text, ExecStatusType wanted)
{
    PGresult *result = PQexec(pg, text);
    bool good = PQresultStatus(result) == wanted;

    PQclear(result);
    return good ? DONE : intake_complain(pg);
}

int intake_begin(const struct operation *operation, const char *tables, PGconn **ret)
{
    PGconn *pg = PQconnectdb(operation->config->database_url);
    int status = PQstatus(pg) == CONNECTION_OK ? intake_run(pg, "begin", PGRES_COMMAND_OK) : intake_complain(pg);

    if (status == DONE)
        status = intake_run(pg, tables, PGRES_COMMAND_OK);
    if (status != DONE) {
        PQfinish(pg);
        pg = NULL;
    }
    *ret = pg;
    return status;
}

/* ---- a file ---- */

/* A field in COPY's text form, behind what to has. */
static char *add_field(char *to, const char *from)
{
    for (; *from; from++) {
        size_t plain = strcspn(from, "\\\t\n\r");

        to = memory_check(talloc_strndup_append_buffer(to, from, plain));
        from += plain;
        if (!*from)
            break;
        to = memory_check(talloc_asprintf_append_buffer(to, "\\%c",
                                                        *from == '\\'   ? '\\'
                                                        : *from == '\t' ? 't'
                                                        : *from == '\n' ? 'n'
                                                                        : 'r'));
    }
    return to;
}

int intake_put(PGconn *pg, int count, const char *const values[])
{
    char *line = COPY(NULL, "");
    bool sent;

    for (int i = 0; i < count; i++) {
        line = add_field(line, values[i]);
        line = memory_check(talloc_strdup_append_buffer(line, i + 1 < count ? "\t" : "\n"));
    }
    sent = PQputCopyData(pg, line, (int)strlen(line)) == 1;
    talloc_free(line);
    return sent ? 0 : -EPIPE;
}

int intake_complain_of_line(void *ctx, const char *file, const struct csv *csv, int r)
{
    const char *why = r == -EINVAL  ? "it is not CSV"
                      : r == -E2BIG ? "it has too many fields, or is too long"
                      : r == -EPIPE ? "PostgreSQL takes no more"
                                    : strerror(-r);

    return complain(FORMAT(ctx, "%s, line %ld", file, csv->line), why, FAILED);
}

/* The rest of what the server says of a COPY. */
static int copy_end(PGconn *pg, int status)
{
    PGresult *result;
    bool good = true;

    if (PQputCopyEnd(pg, status == DONE ? NULL : "given up") != 1)
        return status == DONE ? intake_complain(pg) : status;
    while ((result = PQgetResult(pg))) {
        good = good && PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
    }
    return status == DONE && !good ? intake_complain(pg) : status;
}

int intake_copy(void *ctx, PGconn *pg, const char *path, const char *copy, intake_send_fn *send, const void *closure)
{
    FILE *from = fopen(path, "re");
    int status;

    if (!from)
        return complain(path, strerror(errno), errno == ENOENT ? NOT_THERE : FAILED);
    status = intake_run(pg, copy, PGRES_COPY_IN);
    if (status == DONE)
        status = copy_end(pg, send(ctx, pg, csv_new(ctx, from), closure));
    fclose(from);
    return status;
}
