/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/producer.h"
#include "common/array_text.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/database.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/seal.h"
#include "queue/cli/arguments.h"
#include "queue/cli/products.h"
#include "queue/job_args.h"
#include "queue/queue_redis.h"
#include "sql.h"
#include <errno.h>
#include <poll.h>

enum { SILENCE_MS = 60000 };

/* Those that an option of `millrace put` and a member of a line have in common. */
const struct field order_fields[] = {
    [O_KIND] = { .name = "kind", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 64 },
    [O_PRODUCT] = { .name = "product", .type = ENUM, .values = product_names },
    [O_TENANT] = { .name = "tenant", .type = TEXT, .min = 1, .max = 128 },
    [O_ACCOUNT] = { .name = "account_id", .type = INTEGER, .min = 1, .max = 4611686018427387903 },
    [O_PRIORITY] = { .name = "priority", .type = INTEGER, .max = 3, .standard = "2" },
    [O_KEY] = { .name = "key", .type = TEXT, .max = 128, .standard = "" },
    [O_COST] = { .name = "cost", .type = INTEGER, .min = 1, .max = 1000000, .standard = "1" },
    [O_DELAY] = { .name = "delay", .type = TEXT, .max = 16 },
    [O_AT] = { .name = "at", .type = TEXT, .max = 64 },
    [O_UNIQUE] = { .name = "unique", .type = TEXT, .min = 1, .max = 200 },
    { .name = NULL },
};

struct producer {
    struct operation *operation;
    struct seal_ring *ring;
    const char *product, *tenant, *who, *request_id;
    bool patient;
    bool told;          /* that it waits */
    uint64_t silent_at; /* since when PostgreSQL does not answer; 0: it does */
};

struct producer *producer_new(void *ctx, struct operation *operation, const char *product, const char *tenant)
{
    struct producer *producer = NEW(ctx, struct producer);
    const struct config *config = operation->config;
    const char *why;

    producer->operation = operation;
    producer->product = product ? COPY(producer, product) : "";
    producer->tenant = tenant ? COPY(producer, tenant) : NULL;
    producer->who = arguments_who(producer);
    producer->request_id = FORMAT(producer, "command/%s", producer->who);
    if (seal_ring_new(producer, config->seal_keys, config->keys, &producer->ring, &why) == 0)
        return producer;
    arguments_complain("seal.keys", why, FAILED);
    talloc_free(producer);
    return NULL;
}

/* ---- one order ---- */

static void ignore_value(void *closure, const char *name, const char *text)
{
    (void)closure;
    (void)name;
    (void)text;
}

static int refuse(const char *why, const char **ret_why)
{
    *ret_why = why;
    return -EINVAL;
}

/* Arguments as they are to lie in the table. One that the kind does not have is a slip of the pen. */
static int seal_args(void *ctx, const struct producer *producer, const struct job_kind *kind, json_t *said,
                     const char **ret, const char **ret_why)
{
    json_auto_t *none = memory_check(json_object());
    json_t *args = said ? said : none, *member;
    struct field_errors errors = { 0 };
    const char *name;
    char *text;

    if (!json_is_object(args))
        return refuse("args: is not an object", ret_why);
    json_object_foreach(args, name, member) if (!field_find(kind->in, name)) return refuse(
        FORMAT(ctx, "args: %s: there is no such argument", name), ret_why);
    if (!field_check_object(ctx, kind->in, args, &errors, ignore_value, NULL))
        return refuse(FORMAT(ctx, "args: %s: %s", errors.list[0].field, errors.list[0].message), ret_why);
    if (job_args_seal(ctx, producer->ring, kind, args, producer->operation->config->queue_encrypt, &text) < 0)
        return refuse("args: is more than a job may be given", ret_why);
    *ret = text;
    return 0;
}

bool order_name_holds(const char *text)
{
    for (; text && *text; text++)
        if ((unsigned char)*text <= ' ' || *text == '|')
            return false;
    return true;
}

static int read_times(void *ctx, struct order *order, const char **ret_why)
{
    const char **values = order->values;
    long long seconds;

    if (values[O_DELAY] && values[O_AT])
        return refuse("delay: there is an at as well", ret_why);
    if (values[O_DELAY]) {
        if (duration_parse(values[O_DELAY], &seconds) < 0)
            return refuse("delay: is no duration such as 90, 30s, 5m, 2h, 1d (at most ten years)", ret_why);
        values[O_DELAY] = FORMAT(ctx, "%lld", seconds);
    }
    if (values[O_AT]) {
        if (moment_parse(values[O_AT], &seconds) < 0 || seconds < 0)
            return refuse("at: is no time such as 2030-01-31T08:00:00Z or 2030-01-31T08:00+01:00", ret_why);
        values[O_AT] = FORMAT(ctx, "%lld", seconds);
    }
    if (!values[O_DELAY] && !values[O_AT])
        values[O_DELAY] = "0";
    return 0;
}

int order_complete(void *ctx, struct producer *producer, const char *const *values, json_t *args, struct order *ret,
                   const char **ret_why)
{
    struct order order = { 0 };
    const char **said = order.values;
    int r;

    for (int i = 0; i < O_FIELDS; i++)
        said[i] = values[i];
    order.kind = job_kind_find(said[O_KIND]);
    if (!order.kind) {
        *ret_why = FORMAT(ctx, "kind: there is no kind %s", said[O_KIND]);
        return -ENOENT;
    }
    if (!said[O_PRODUCT])
        said[O_PRODUCT] = producer->product;
    if (!said[O_TENANT])
        said[O_TENANT] = producer->tenant ? producer->tenant : *said[O_PRODUCT] ? said[O_PRODUCT] : "operator";
    if (!order_name_holds(said[O_TENANT]))
        return refuse("tenant: has a blank or a |", ret_why);
    if (!order_name_holds(said[O_KEY]))
        return refuse("key: has a blank or a |", ret_why);
    r = read_times(ctx, &order, ret_why);
    if (r == 0)
        r = seal_args(ctx, producer, order.kind, args, &order.args, ret_why);
    if (r == 0)
        *ret = order;
    return r;
}

int order_follow(void *ctx, struct producer *producer, const char *text, const char **ret, const char **ret_why)
{
    const char *colon = strchr(text, ':'), *why, *sealed;
    char *name = colon ? memory_check(talloc_strndup(ctx, text, (size_t)(colon - text))) : COPY(ctx, text);
    const struct job_kind *kind = job_kind_find(name);
    json_auto_t *args = NULL, *lies = NULL, *follow = NULL;
    int r;

    if (!kind) {
        *ret_why = FORMAT(ctx, "there is no kind %s", name);
        return -ENOENT;
    }
    if (colon && json_parse_strict(ctx, colon + 1, strlen(colon + 1), &args, &why) < 0)
        return refuse(FORMAT(ctx, "args: %s", why), ret_why);
    r = seal_args(ctx, producer, kind, args, &sealed, ret_why);
    if (r < 0)
        return r;
    lies = json_loads(sealed, 0, NULL);
    follow = memory_check(json_pack("{s:s, s:O}", "kind", kind->name, "args", lies));
    *ret = json_text(ctx, follow);
    return 0;
}

/* ---- many ---- */

enum { C_ID, C_ARGS, C_KIND, C_COLUMNS };

/* Ids for orders that have none yet. */
static int orders_name(void *ctx, struct producer *producer, struct order *orders, size_t n, struct result *ret)
{
    char count[16];
    int r;

    snprintf(count, sizeof count, "%zu", n);
    r = database_run(producer->operation->database, &sql_queue_job_ids, PARAMS({ "count", count }), ret);
    for (size_t i = 0; r == 0 && i < n; i++)
        orders[i].id = COPY(ctx, result_text(ret, (int)i, "id"));
    return r;
}

static int orders_write(struct producer *producer, const struct order *orders, size_t n, const char *batch,
                        struct result *ret)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct array_text own[C_COLUMNS] = { 0 }, values[O_FIELDS] = { 0 };

    for (size_t i = 0; i < n; i++) {
        array_add(ctx, &own[C_ID], orders[i].id);
        array_add(ctx, &own[C_ARGS], orders[i].args);
        array_add(ctx, &own[C_KIND], orders[i].kind->name);
        for (int k = 0; k < O_FIELDS; k++)
            array_add(ctx, &values[k], orders[i].values[k]);
    }
    return database_run(
        producer->operation->database, &sql_queue_put_rows,
        PARAMS({ "ids", array_end(ctx, &own[C_ID]) }, { "kinds", array_end(ctx, &own[C_KIND]) },
               { "products", array_end(ctx, &values[O_PRODUCT]) }, { "tenants", array_end(ctx, &values[O_TENANT]) },
               { "accounts", array_end(ctx, &values[O_ACCOUNT]) }, { "args", array_end(ctx, &own[C_ARGS]) },
               { "priorities", array_end(ctx, &values[O_PRIORITY]) }, { "keys", array_end(ctx, &values[O_KEY]) },
               { "costs", array_end(ctx, &values[O_COST]) }, { "delays", array_end(ctx, &values[O_DELAY]) },
               { "dues", array_end(ctx, &values[O_AT]) }, { "uniques", array_end(ctx, &values[O_UNIQUE]) },
               { "batch", batch }, { "request_id", producer->request_id }),
        ret);
}

void producer_tell(struct producer *producer, const struct result *rows)
{
    queue_redis_put_rows(producer->operation->redis, rows);
}

void producer_be_patient(struct producer *producer)
{
    producer->patient = true;
}

/* Whether it is of use to try again: a queue that takes no more will take more some time, a PostgreSQL that does not
 * answer may never. */
static bool may_try_again(struct producer *producer, const struct result *result)
{
    if (!producer->patient || result->error != E_UNAVAILABLE)
        return false;
    if (!strcmp(result->sqlstate, "MR503")) {
        producer->silent_at = 0;
        return true;
    }
    if (!producer->silent_at)
        producer->silent_at = clock_boot_ms();
    return clock_boot_ms() - producer->silent_at < SILENCE_MS;
}

/* What a failed statement means: 0 when it may go well later, after a pause. */
static int wait_or_fail(void *ctx, struct producer *producer, const struct result *result, int *pause,
                        const char **ret_why)
{
    if (!may_try_again(producer, result)) {
        bool not_now = result->error == E_CONFLICT || !strcmp(result->sqlstate, "MR503");
        *ret_why = COPY(ctx, result->message);
        return result->error == E_INVALID ? -EINVAL : result->error == E_NOT_FOUND ? -ENOENT : not_now ? -EBUSY : -EIO;
    }
    if (!producer->told)
        arguments_complain("waiting", result->message, 0);
    producer->told = true;
    *pause = backoff_next(*pause);
    poll(NULL, 0, *pause);
    return 0;
}

int producer_put(void *ctx, struct producer *producer, struct order *orders, size_t n, const char *batch,
                 const char **ret_why)
{
    bool named = orders[0].id; /* else these may be there already, under other ids */
    int pause = 0, r = 0;

    while (r == 0) {
        autoresult struct result ids = { 0 }, made = { 0 };

        if (!named && orders_name(ctx, producer, orders, n, &ids) < 0) {
            r = wait_or_fail(ctx, producer, &ids, &pause, ret_why);
        } else if (named = true, orders_write(producer, orders, n, batch, &made) < 0) {
            r = wait_or_fail(ctx, producer, &made, &pause, ret_why);
        } else {
            producer->told = false;
            producer->silent_at = 0;
            for (size_t i = 0; i < n; i++)
                orders[i].id = result_text(&made, (int)i, "id") ? COPY(ctx, result_text(&made, (int)i, "id")) : NULL;
            producer_tell(producer, &made);
            return 0;
        }
    }
    return r;
}

int status_of_order(int r)
{
    return r == -EINVAL ? USAGE : r == -ENOENT ? NOT_THERE : r == -EBUSY ? NOT_NOW : FAILED;
}

void producer_audit(struct producer *producer, const char *action, const char *target, const char *details)
{
    autoresult struct result result = { 0 };

    if (database_run(
            producer->operation->database, &sql_queue_command_audit,
            PARAMS({ "who", producer->who }, { "action", action }, { "target", target }, { "details", details }),
            &result) < 0)
        arguments_complain("audit", result.message, FAILED);
}
