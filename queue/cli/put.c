/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace put: one job, or with --jsonl a stream of them. */
#include "queue/cli/put.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/cli/arguments.h"
#include "queue/cli/await.h"
#include "queue/cli/options.h"
#include "queue/cli/producer.h"
#include "queue/cli/products.h"

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
#define OPTION(word, option, text, ...)                                                                                \
    {                                                                                                                  \
        word,                                                                                                          \
        {                                                                                                              \
            .name = option, .doc = text, __VA_ARGS__                                                                   \
        }                                                                                                              \
    }
static const struct option_row options[] = {
    [ARGS] = OPTION("JSON", "--args", "what the job is given, an object", .type = TEXT),
    [PRODUCT] = OPTION("P", "--product", "whose it is", .type = ENUM, .values = product_names),
    [TENANT] =
        OPTION("T", "--tenant", "whose turn it takes (the product's, or operator)", .type = TEXT, .min = 1, .max = 128),
    [ACCOUNT] = OPTION("N", "--account-id", "whose account it is put for", .type = TEXT),
    [PRIORITY] = OPTION("0-3", "--priority", "0 is urgent (2)", .type = TEXT),
    [KEY] = OPTION("K", "--key", "one job of a key runs at a time", .type = TEXT),
    [COST] = OPTION("N", "--cost", "what rates charge (1)", .type = TEXT),
    [DELAY] = OPTION("AGE", "--delay", "not before: 90s, 15m, 6h, 7d from now", .type = TEXT),
    [AT] = OPTION("TIME", "--at", "not before, such as 2030-01-31T08:00:00Z", .type = TEXT),
    [UNIQUE] = OPTION("NAME", "--unique", "a name that one open job has", .type = TEXT),
    [BATCH] =
        OPTION("ID", "--batch", "put it into this batch; with --jsonl the name of a new one", .type = TEXT, .max = 200),
    [WAIT] = OPTION(NULL, "--wait", "wait for the end; the exit status tells which", .type = BOOLEAN),
    [TIMEOUT] = OPTION("S", "--timeout", "wait for so many seconds at most", .type = INTEGER, .max = 31536000),
    [JSONL] =
        OPTION("FILE", "--jsonl", "put a job for each line of this file; -: of what comes in", .type = TEXT, .min = 1),
    [FINALLY] = OPTION("KIND[:JSON]", "--finally", "put this when all of them have ended", .type = TEXT, .min = 1),
    [STRICT] = OPTION(NULL, "--strict", "end at the first line that does not hold", .type = BOOLEAN),
    OPTIONS_END,
};
#undef OPTION
static const struct guide guide = {
    "put",
    "[KIND]",
    "Put a job of a kind, or with --jsonl one for each line of a file: an object with kind and, if\n"
    "wanted, args, product, tenant, account_id, priority, key, cost, delay, at and unique. Prints the\n"
    "ids; with --jsonl and --batch, --finally or --wait that of the batch. The exit status with --wait:\n"
    "0 done, 1 buried, 5 cancelled, 6 the time is over; with --jsonl 7 when lines did not hold.",
    options,
    0,
    1
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
    int r;

    for (int i = 0; i < O_FIELDS; i++) {
        struct field_errors errors = { 0 };
        const char *name = i == O_KIND ? "KIND" : options[sources[i]].field.name;
        if (!field_check_text(ctx, &order_fields[i], name, i == O_KIND ? kind : values[sources[i]], &errors, &said[i]))
            return arguments_complain(errors.list[0].field, errors.list[0].message, USAGE);
    }
    if (values[ARGS] && json_parse_strict(ctx, values[ARGS], strlen(values[ARGS]), &args, &why) < 0)
        return arguments_complain("--args", why, USAGE);
    r = order_complete(ctx, producer, said, args, ret, &why);
    return r < 0 ? arguments_complain("put", why, status_of_order(r)) : DONE;
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
        return arguments_complain("put", why, status_of_order(r));
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
    const char **values, *kind;
    struct stream_options stream;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    values = said.values;
    kind = said.words[0];
    if (values[TIMEOUT] && !values[WAIT])
        return arguments_complain("--timeout", "is of no use without --wait", USAGE);
    if (!values[JSONL]) {
        if (values[FINALLY] || values[STRICT])
            return arguments_complain(values[STRICT] ? "--strict" : "--finally", "is of use with --jsonl only", USAGE);
        return put_one(operation, kind, values);
    }
    if (kind)
        return arguments_complain(kind, "with --jsonl, each line names its kind", USAGE);
    for (int i = 0; i < OPTIONS; i++)
        if (values[i] && is_of_one_job(i))
            return arguments_complain(options[i].field.name, "with --jsonl, each line says this for itself", USAGE);
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
