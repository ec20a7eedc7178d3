/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace batch ID: how far a batch has come. */
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/arguments.h"
#include "queue/cli/await.h"
#include "queue/cli/options.h"
#include "queue/cli/producer.h"
#include "sql.h"

enum { JSON, WAIT, TIMEOUT, CLOSE };
static const struct option_row options[] = {
    [JSON] = OPTION_JSON,
    [WAIT] = { NULL, { .name = "--wait", .type = BOOLEAN, .doc = "wait until it is complete" } },
    [TIMEOUT] = { "S",
                  { .name = "--timeout",
                    .type = INTEGER,
                    .max = 31536000,
                    .doc = "wait for so many seconds at most" } },
    [CLOSE] = { NULL, { .name = "--close", .type = BOOLEAN, .doc = "no more jobs are put into it" } },
    OPTIONS_END,
};
static const struct guide guide = {
    "batch",
    "ID",
    "Show a batch: how many jobs it has, and how they ended. The exit status with --wait: 0 all are\n"
    "done, 1 some were buried, 5 some were cancelled, 6 the time is over.",
    options,
    1,
    1
};

/* Nobody will put any more into it: who did was stopped half-way. */
static int close_it(struct operation *operation, const char *id)
{
    autoresult struct result closed = { 0 };
    struct producer *producer = producer_new(operation->ctx, operation, NULL, NULL);

    if (!producer)
        return FAILED;
    if (database_run(operation->database, &sql_queue_batch_close, PARAMS({ "batch_id", id }), &closed) < 0)
        return arguments_complain(id, closed.message, closed.error == E_NOT_FOUND ? NOT_THERE : FAILED);
    producer_tell(producer, &closed);
    producer_audit(producer, "batch.close", id, NULL);
    return DONE;
}

int command_batch(struct operation *operation)
{
    static const struct field id_field = { .name = "ID", .type = UUID, .flags = REQUIRED };
    autoresult struct result batch = { 0 };
    struct field_errors errors = { 0 };
    const char **values, *id;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    status = DONE;
    values = said.values;
    if (!field_check_text(operation->ctx, &id_field, "ID", said.words[0], &errors, &id))
        return arguments_complain(said.words[0], "is not a batch's id", USAGE);
    if (values[CLOSE])
        status = close_it(operation, id);
    if (status == DONE && values[WAIT])
        return await_batch(operation, id, values[TIMEOUT] ? strtoll(values[TIMEOUT], NULL, 10) : -1);
    if (status == DONE)
        status = batch_read(operation, id, &batch);
    if (status == DONE && values[JSON])
        puts(result_text(&batch, 0, "whole"));
    else if (status == DONE)
        batch_print(&batch);
    return status;
}
