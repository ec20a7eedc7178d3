/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a service answers: a statement's columns, a status that a fault wants, or nothing whole. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/sandbox.h"
#include "fcgi/serve.h"
#include <sodium.h>
#include <string.h>

void answered(struct request *rq)
{
    static step_fn *const end[] = { NULL };

    rq->step = end;
}

void answer_cut(struct request *rq)
{
    header_add(rq, "X-Accel-Redirect", "/-cut/");
    rq->status = 200;
    rq->body = "";
    rq->body_length = 0;
    answered(rq);
}

static enum error error_of(int status)
{
    for (enum error error = E_NONE + 1; error < E_COUNT; error++)
        if (error_status(error) == status)
            return error;
    return status >= 500 ? E_INTERNAL : E_INVALID;
}

void answer_status(struct request *rq, const struct fault *fault)
{
    rq->status = fault->status;
    rq->retry_after = fault->retry_after;
    rq->body = sandbox_service(rq)->error(rq, error_of(fault->status), "The sandbox was told to answer so");
    rq->body_length = strlen(rq->body);
    answered(rq);
}

static void more_headers(struct request *rq, const char *text)
{
    const char *why, *name;
    json_auto_t *headers = NULL;
    json_t *value;

    if (!text || json_parse_strict(rq, text, strlen(text), &headers, &why) < 0)
        return;
    json_object_foreach(headers, name, value)
        header_add(rq, name, "%s", json_string_value(value) ? json_string_value(value) : "");
}

/* Bytes, in whichever form the statement has them. */
static void answer_bytes(struct request *rq, const PGresult *rows)
{
    const char *text = rq->body, *base64 = result_column(rows, "base64");
    const unsigned char *picture = picture_of(rq, text, &rq->body_length);
    size_t room = strlen(text);
    unsigned char *bytes;

    if (picture) {
        rq->body = (const char *)picture;
        return;
    }
    rq->body_length = room;
    if (!base64 || *base64 != 't')
        return;
    bytes = memory_check(talloc_size(rq, room + 1));
    if (sodium_base642bin(bytes, room, text, strlen(text), " \n", &rq->body_length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0)
        rq->body = (const char *)bytes;
}

void answer_rows(struct request *rq, const PGresult *rows)
{
    const char *status = result_column(rows, "status"), *body = result_column(rows, "body");
    const char *media = result_column(rows, "media");

    rq->status = status ? (int)strtol(status, NULL, 10) : rq->operation->row->status ? rq->operation->row->status : 200;
    rq->body = body ? body : "";
    if (media) {
        rq->media = COPY(rq, media);
        answer_bytes(rq, rows);
    } else {
        rq->body = pictures_fill(rq, rq->body);
        rq->body_length = strlen(rq->body);
    }
    more_headers(rq, result_column(rows, "headers"));
    answered(rq);
}
