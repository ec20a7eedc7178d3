/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace batch ID: how far a batch has come. */
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/arguments.h"
#include "queue/cli/await.h"
#include "queue/cli/producer.h"
#include "sql.h"

enum { JSON, WAIT, TIMEOUT, CLOSE, OPTIONS };
static const struct field options[] = {
    [JSON] = { .name = "--json", .type = BOOLEAN },
    [WAIT] = { .name = "--wait", .type = BOOLEAN },
    [TIMEOUT] = { .name = "--timeout", .type = INTEGER, .max = 31536000 },
    [CLOSE] = { .name = "--close", .type = BOOLEAN },
    { .name = NULL },
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
    const char *values[OPTIONS] = { NULL }, *plain[2] = { NULL }, *id;
    struct field_errors errors = { 0 };
    int status = DONE;

    if (!arguments_read(operation->ctx, options, operation->words, values, plain, 1))
        return USAGE;
    if (!field_check_text(operation->ctx, &id_field, "ID", plain[0], &errors, &id))
        return arguments_complain(plain[0] ? plain[0] : "batch", "is not a batch's id", USAGE);
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
