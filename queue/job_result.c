/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/job_result.h"
#include "common/memory.h"

struct taking {
    const struct job *job;
    json_t *kept;
};

/* A value as it was said; of an object or list what its fields name. */
static void take(void *closure, const char *name, const char *text)
{
    struct taking *taking = closure;
    const struct field *field = field_find(taking->job->kind->out, name);
    json_t *said = json_object_get(taking->job->result, name);

    if (said && text && field->fields)
        json_object_set_new(taking->kept, name, field_json(field, text));
    else if (said)
        json_object_set(taking->kept, name, said);
}

bool job_result_check(struct job *job)
{
    struct field_errors errors = { 0 };
    json_auto_t *kept = json_object();
    struct taking taking = { job, kept };
    json_t *said = json_is_null(job->result) ? NULL : job->result;

    if (!job->kind->out)
        return true;
    if (!field_check_object(job, job->kind->out, said, &errors, take, &taking)) {
        job_bury(job, "%s has left a result that cannot be taken: %s %s", job->kind->name, errors.list[0].field,
                 errors.list[0].message);
        return false;
    }
    if (said) {
        json_decref(job->result);
        job->result = TAKE(kept);
    }
    return true;
}
