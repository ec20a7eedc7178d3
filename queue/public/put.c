/* SPDX-License-Identifier: GPL-3.0-or-later
 * Putting jobs: one statement for one or many, on the library's connection or the caller's. */
#include "common/array_text.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/job_args.h"
#include "queue/public/library.h"
#include "queue/queue.h"
#include "sql.h"
#include <assert.h>
#include <errno.h>

/* The statement's parameters, one array each. */
enum column {
    KIND,
    ARGS,
    PRODUCT,
    TENANT,
    ACCOUNT,
    REQUEST,
    PRIORITY,
    DELAY,
    EXPIRES,
    KEY,
    COST,
    NAME,
    NAME_FOR,
    BATCH,
    CHAIN,
    COLUMNS
};
static const char *const names[COLUMNS] = {
    [KIND] = "kinds",         [ARGS] = "args",        [PRODUCT] = "products", [TENANT] = "tenants",
    [ACCOUNT] = "accounts",   [REQUEST] = "requests", [DELAY] = "delays",     [PRIORITY] = "priorities",
    [EXPIRES] = "expires",    [KEY] = "keys",         [COST] = "costs",       [NAME] = "names",
    [NAME_FOR] = "name_fors", [BATCH] = "batches",    [CHAIN] = "chains",
};

/* As the tables count them. */
static const int priorities[] = {
    [MILLRACE_URGENT] = 0, [MILLRACE_HIGH] = 1, [MILLRACE_NORMAL] = 2, [MILLRACE_LOW] = 3
};

enum { DAY = 86400 };

/* ---- one job ---- */

static int parse(struct millrace *queues, void *ctx, const char *what, const char *text, json_type type, json_t **ret)
{
    const char *why = "it is of another type";
    json_auto_t *value = NULL;

    if (json_parse_strict(ctx, text, strlen(text), &value, &why) < 0 || json_typeof(value) != type)
        return library_fail(queues, -EINVAL, "%s: not a JSON %s: %s", what, type == JSON_OBJECT ? "object" : "list",
                            why);
    *ret = TAKE(value);
    return 0;
}

/* The arguments as they are to lie in the table. */
static int args_text(struct millrace *queues, void *ctx, const struct millrace_spec *spec, const char **ret)
{
    static const struct field none[] = { { .name = NULL } };
    const struct job_kind kind = { .name = spec->kind, .in = none };
    const char *text = spec->args ? spec->args : "{}";
    json_auto_t *args = NULL;
    char *sealed;
    int r = parse(queues, ctx, "args", text, JSON_OBJECT, &args);

    if (r < 0)
        return r;
    if (strlen(text) > JOB_ARGS_MAX)
        return library_fail(queues, -E2BIG, "args: more than %d bytes", JOB_ARGS_MAX);
    if (!spec->sealed && !queues->encrypt) {
        *ret = text;
        return 0;
    }
    if (!queues->seals)
        return library_fail(queues, -EINVAL, "sealed: there is no secret to seal with: use millrace_open()");
    r = job_args_seal(ctx, queues->seals, &kind, args, true, &sealed);
    if (r < 0)
        return library_fail(queues, r, "args: more than %d bytes once they are sealed", JOB_ARGS_MAX);
    *ret = sealed;
    return 0;
}

static int check(struct millrace *queues, void *ctx, const struct millrace_spec *spec)
{
    json_auto_t *chain = NULL;

    if (!spec->kind || !*spec->kind)
        return library_fail(queues, -EINVAL, "kind: must be said");
    if ((size_t)spec->priority >= ELEMENTS(priorities))
        return library_fail(queues, -EINVAL, "priority: there is no %d", (int)spec->priority);
    if (spec->delay < 0 || spec->expires < 0 || spec->cost < 0 || spec->unique_for < 0)
        return library_fail(queues, -EINVAL, "delay, expires, cost and unique_for must not be negative");
    return spec->chain ? parse(queues, ctx, "chain", spec->chain, JSON_ARRAY, &chain) : 0;
}

/* 0 is the default: SQL's null, or what is said. */
static const char *number(void *ctx, long long value, const char *otherwise)
{
    return value ? FORMAT(ctx, "%lld", value) : otherwise;
}

static int row_add(struct millrace *queues, void *ctx, const struct millrace_spec *spec, struct array_text *columns)
{
    const char *product = spec->product ? spec->product : "default", *args = NULL;
    int r = check(queues, ctx, spec);

    if (r == 0)
        r = args_text(queues, ctx, spec, &args);
    if (r < 0)
        return r;
    const char *const row[COLUMNS] = {
        [KIND] = spec->kind,
        [ARGS] = args,
        [PRODUCT] = product,
        [TENANT] = spec->tenant ? spec->tenant : product,
        [ACCOUNT] = number(ctx, spec->account_id, NULL),
        [REQUEST] = spec->request_id ? spec->request_id : "",
        [PRIORITY] = FORMAT(ctx, "%d", priorities[spec->priority]),
        [DELAY] = number(ctx, spec->delay, NULL),
        [EXPIRES] = number(ctx, spec->expires, NULL),
        [KEY] = spec->key ? spec->key : "",
        [COST] = number(ctx, spec->cost, "1"),
        [NAME] = spec->unique,
        [NAME_FOR] = FORMAT(ctx, "%d", spec->unique_for ? spec->unique_for : DAY),
        [BATCH] = spec->batch,
        [CHAIN] = spec->chain,
    };
    for (int i = 0; i < COLUMNS; i++)
        array_add(ctx, &columns[i], row[i]);
    return 0;
}

/* params has room for one more, which ends them. */
static int params_make(struct millrace *queues, void *ctx, const struct millrace_spec *specs, size_t n,
                       struct param params[COLUMNS + 1])
{
    struct array_text columns[COLUMNS] = { { NULL, 0, 0 } };
    int r = 0;

    if (n > MILLRACE_JOBS_MAX)
        return library_fail(queues, -E2BIG, "more than %d jobs at once", MILLRACE_JOBS_MAX);
    for (size_t i = 0; i < n && r == 0; i++)
        r = row_add(queues, ctx, &specs[i], columns);
    if (r < 0)
        return r;
    for (int i = 0; i < COLUMNS; i++)
        params[i] = (struct param){ names[i], array_end(ctx, &columns[i]) };
    params[COLUMNS] = (struct param){ NULL, NULL };
    return 0;
}

/* ---- what came of it ---- */

/* The tickets of what was put, on ctx; how many names were taken. */
static int rows_read(void *ctx, const struct result *rows, struct millrace_id *ret_ids, char **ret_tickets)
{
    char *tickets = COPY(ctx, "");
    int taken = 0;

    for (int i = 0; i < result_rows(rows); i++) {
        const char *ticket = result_text(rows, i, "ticket");
        bool is_taken = *result_text(rows, i, "taken") == 't';

        if (ret_ids)
            snprintf(ret_ids[i].text, sizeof ret_ids[i].text, "%s", result_text(rows, i, "id"));
        taken += is_taken;
        if (ticket && !is_taken)
            tickets = memory_check(talloc_asprintf_append_buffer(tickets, "%s\n", ticket));
    }
    *ret_tickets = tickets;
    return taken;
}

/* Tickets in portions of what one call takes, each to its queue's Redis. -EPROTO: they are none. *ret_why: what the
 * Redis says that would not take them; untouched when none was asked. */
static int tell(struct millrace *queues, const char *text, const char **ret_why)
{
    int r = 0;

    while (*text && r == 0) {
        autotalloc void *ctx = talloc_new(NULL);
        struct ticket *tickets;
        const char *end = text;
        size_t n = 0;

        for (int lines = 0; *end && lines < QUEUE_BATCH; lines++)
            end += strcspn(end, "\n"), end += *end == '\n';
        r = ticket_parse(ctx, memory_check(talloc_strndup(ctx, text, (size_t)(end - text))), &tickets, &n);
        for (size_t from = 0, to; from < n && r == 0; from = to) {
            struct redis *redis = queue_redis_get(queues->redis, tickets[from].queue);
            size_t ignored;

            for (to = from + 1; to < n && !strcmp(tickets[to].queue, tickets[from].queue);)
                to++;
            r = queue_put(redis, tickets + from, to - from, &ignored);
            *ret_why = redis_error(redis);
        }
        text = end;
    }
    return r;
}

int millrace_tell(struct millrace *queues, const char *ticket)
{
    QUIET;
    const char *why = "";
    int r = tell(queues, ticket, &why);

    if (r == -EPROTO || r == -E2BIG)
        return library_fail(queues, -EINVAL, "not a ticket, or not taken: %s", why);
    return r < 0 ? library_fail(queues, -EIO, "Redis: %s", why) : 0;
}

/* ---- put ---- */

int millrace_put_many(struct millrace *queues, const struct millrace_spec *specs, size_t n, struct millrace_id *ret_ids)
{
    QUIET;
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result rows = { 0 };
    struct param params[COLUMNS + 1];
    const char *ignored;
    char *tickets;
    int r = params_make(queues, ctx, specs, n, params);

    if (r == 0)
        r = library_run(queues, &sql_queue_put_many, params, &rows);
    if (r < 0)
        return r;
    r = rows_read(ctx, &rows, ret_ids, &tickets);
    tell(queues, tickets, &ignored); /* what it does not hear, the scheduler tells it */
    return r;
}

int millrace_put(struct millrace *queues, const struct millrace_spec *spec, struct millrace_id *ret_id)
{
    return millrace_put_many(queues, spec, 1, ret_id);
}

/* The statement on a connection that is not ours: not prepared, so that nothing stays behind there. */
static int run_in(struct millrace *queues, PGconn *transaction, const struct param *params, struct result *ret)
{
    const char *values[COLUMNS], *missing, *sqlstate, *message;

    if (!queues->put && statement_compile(queues, &sql_queue_put_many, &queues->put) < 0)
        return -EINVAL;
    assert(queues->put->count == COLUMNS);
    if (statement_bind(queues->put, params, values, &missing) < 0)
        return library_fail(queues, -EINVAL, "%s", missing);
    ret->rows = PQexecParams(transaction, queues->put->text, COLUMNS, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(ret->rows) == PGRES_TUPLES_OK)
        return 0;
    sqlstate = PQresultErrorField(ret->rows, PG_DIAG_SQLSTATE);
    message = PQresultErrorField(ret->rows, PG_DIAG_MESSAGE_PRIMARY);
    return library_refused(queues, sqlstate ? sqlstate : "", message ? message : PQerrorMessage(transaction));
}

int millrace_put_in(struct millrace *queues, PGconn *transaction, const struct millrace_spec *specs, size_t n,
                    struct millrace_id *ret_ids, char **ret_ticket)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result rows = { 0 };
    struct param params[COLUMNS + 1];
    char *tickets;
    int r = params_make(queues, ctx, specs, n, params);

    if (r == 0)
        r = run_in(queues, transaction, params, &rows);
    if (r < 0)
        return r;
    r = rows_read(ctx, &rows, ret_ids, &tickets);
    *ret_ticket = memory_check(strdup(tickets));
    return r;
}
