/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace put: one job, or with --jsonl a stream of them. */
#include "queue/cli/put.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/cli/arguments.h"
#include "queue/cli/await.h"
#include "queue/cli/producer.h"
#include <errno.h>

enum {
    ARGS,
    PRODUCT,
    TENANT,
    ACCOUNT,
    PRIORITY,
    KEY,
    COST,
    DELAY,
    AT,
    UNIQUE,
    BATCH,
    WAIT,
    TIMEOUT,
    JSONL,
    FINALLY,
    STRICT,
    OPTIONS
};
static const struct field options[] = {
    [ARGS] = { .name = "--args", .type = TEXT },
    [PRODUCT] = { .name = "--product", .type = TEXT, .max = 64 },
    [TENANT] = { .name = "--tenant", .type = TEXT, .min = 1, .max = 128 },
    [ACCOUNT] = { .name = "--account-id", .type = TEXT },
    [PRIORITY] = { .name = "--priority", .type = TEXT },
    [KEY] = { .name = "--key", .type = TEXT },
    [COST] = { .name = "--cost", .type = TEXT },
    [DELAY] = { .name = "--delay", .type = TEXT },
    [AT] = { .name = "--at", .type = TEXT },
    [UNIQUE] = { .name = "--unique", .type = TEXT },
    [BATCH] = { .name = "--batch", .type = TEXT, .max = 200 },
    [WAIT] = { .name = "--wait", .type = BOOLEAN },
    [TIMEOUT] = { .name = "--timeout", .type = INTEGER, .max = 31536000 },
    [JSONL] = { .name = "--jsonl", .type = TEXT, .min = 1 },
    [FINALLY] = { .name = "--finally", .type = TEXT, .min = 1 },
    [STRICT] = { .name = "--strict", .type = BOOLEAN },
    { .name = NULL },
};

/* The option that says each field of an order; the kind is a word. */
static const int sources[O_FIELDS] = {
    [O_PRODUCT] = PRODUCT, [O_TENANT] = TENANT, [O_ACCOUNT] = ACCOUNT, [O_PRIORITY] = PRIORITY, [O_KEY] = KEY,
    [O_COST] = COST,       [O_DELAY] = DELAY,   [O_AT] = AT,           [O_UNIQUE] = UNIQUE
};

/* The words as an order; the exit status. */
static int read_order(struct operation *operation, struct producer *producer, const char *kind,
                      const char *const *values, struct order *ret)
{
    void *ctx = operation->ctx;
    const char *said[O_FIELDS], *why;
    json_auto_t *args = NULL;

    for (int i = 0; i < O_FIELDS; i++) {
        struct field_errors errors = { 0 };
        const char *name = i == O_KIND ? "KIND" : options[sources[i]].name;
        if (!field_check_text(ctx, &order_fields[i], name, i == O_KIND ? kind : values[sources[i]], &errors, &said[i]))
            return arguments_complain(errors.list[0].field, errors.list[0].message, USAGE);
    }
    if (values[ARGS] && json_parse_strict(ctx, values[ARGS], strlen(values[ARGS]), &args, &why) < 0)
        return arguments_complain("--args", why, FAILED);
    if (order_complete(ctx, producer, said, args, ret, &why) < 0)
        return arguments_complain("put", why, job_kind_find(kind) ? FAILED : NOT_THERE);
    return DONE;
}

static int put_one(struct operation *operation, const char *kind, const char *const *values)
{
    static const struct field batch_field = { .name = "--batch", .type = UUID };
    struct producer *producer = producer_new(operation->ctx, operation, NULL, NULL);
    const char *why = NULL, *batch, *put;
    struct field_errors errors = { 0 };
    struct order order;
    int status, r;

    if (!producer)
        return FAILED;
    if (!field_check_text(operation->ctx, &batch_field, "--batch", values[BATCH], &errors, &batch))
        return arguments_complain("--batch", errors.list[0].message, USAGE);
    status = read_order(operation, producer, kind, values, &order);
    if (status != DONE)
        return status;
    r = producer_put(operation->ctx, producer, &order, 1, batch, &why);
    put = order.id;
    if (r < 0)
        return arguments_complain("put", why, r == -ENOENT ? NOT_THERE : r == -EBUSY ? NOT_NOW : FAILED);
    if (!put)
        return arguments_complain(values[UNIQUE], "another job has this name, and is just ending", NOT_NOW);
    puts(put);
    fflush(stdout);
    producer_audit(producer, "put", put, FORMAT(operation->ctx, "{\"kind\": \"%s\"}", order.kind->name));
    return values[WAIT] ? await_job(operation, put, values[TIMEOUT] ? strtoll(values[TIMEOUT], NULL, 10) : -1) : DONE;
}

/* With --jsonl each line says these for itself. */
static bool is_of_one_job(int option)
{
    return option == ARGS || (option >= ACCOUNT && option <= UNIQUE);
}

int command_put(struct operation *operation)
{
    const char *values[OPTIONS] = { NULL }, *plain[2] = { NULL };
    struct stream_options stream;

    if (!arguments_read(operation->ctx, options, operation->words, values, plain, 1))
        return USAGE;
    if (values[TIMEOUT] && !values[WAIT])
        return arguments_complain("--timeout", "is of no use without --wait", USAGE);
    if (!values[JSONL]) {
        if (values[FINALLY] || values[STRICT])
            return arguments_complain(values[STRICT] ? "--strict" : "--finally", "is of use with --jsonl only", USAGE);
        return put_one(operation, plain[0], values);
    }
    if (plain[0])
        return arguments_complain(plain[0], "with --jsonl, each line names its kind", USAGE);
    for (int i = 0; i < OPTIONS; i++)
        if (values[i] && is_of_one_job(i))
            return arguments_complain(options[i].name, "with --jsonl, each line says this for itself", USAGE);
    stream = (struct stream_options){ .file = values[JSONL],
                                      .batch = values[BATCH],
                                      .finally = values[FINALLY],
                                      .product = values[PRODUCT],
                                      .tenant = values[TENANT],
                                      .wait = values[WAIT] != NULL,
                                      .strict = values[STRICT] != NULL,
                                      .timeout = values[TIMEOUT] ? strtoll(values[TIMEOUT], NULL, 10) : -1 };
    return put_stream(operation, &stream);
}
