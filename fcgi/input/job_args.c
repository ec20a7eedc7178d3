/* SPDX-License-Identifier: GPL-3.0-or-later
 * :job_args, what a statement puts a job with: made from the row's checked input, sealed before it leaves the process.
 */
#include "queue/job_args.h"
#include "fcgi/serve.h"
#include "queue/job.h"

static bool wanted(const struct operation *operation)
{
    for (int i = 0; i < operation->bound.statement->count; i++)
        if (operation->bound.sources[i] == ARG_JOB_ARGS)
            return true;
    return false;
}

const char *job_args_bind(struct operation *operation)
{
    const struct endpoint *row = operation->row;
    const struct job_kind *kind = job_kind_find(row->job);

    if (row->job && !kind)
        return row->job;
    if (!wanted(operation))
        return NULL;
    if (!kind)
        return "job_args";
    for (const struct field *given = operation->fields; given && given->name; given++) {
        const struct field *field = field_find(kind->in, given->name);
        if (field && field->type != given->type)
            return given->name;
    }
    operation->kind = kind;
    return NULL;
}

/* The kind's rules may be narrower than the row's. What the statement will add is not there yet: that nothing is
 * missing is the worker's to see. */
static bool args_hold(struct request *rq, const struct job_kind *kind, const json_t *args)
{
    const char *text;
    bool good = true;

    for (const struct field *field = kind->in; field->name; field++) {
        json_t *value = json_object_get(args, field->name);
        if (value && !field_check_json(rq, field, field->name, value, &rq->errors, &text))
            good = false;
    }
    return good;
}

int job_args_compose(struct request *rq)
{
    const struct job_kind *kind = rq->operation->kind;
    json_auto_t *args = NULL;
    char *text;

    if (!kind)
        return 0;
    args = job_args_gather(kind, rq->operation->fields, rq->arguments + FIXED_COUNT);
    if (!args_hold(rq, kind, args))
        return fail(rq, E_INVALID, NULL, NULL);
    if (job_args_seal(rq, rq->server->seals, kind, args, request_config(rq)->queue_encrypt, &text) < 0)
        return fail(rq, E_TOO_LARGE, NULL, "This is more than a job may be given");
    rq->arguments[ARG_JOB_ARGS] = text;
    return 0;
}
