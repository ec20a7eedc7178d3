/* SPDX-License-Identifier: GPL-3.0-or-later
 * Twilio's calls: nobody without its token gets through. Input: a line with the signature, one with the URI, the form.
 */
#include "fcgi/steps/webhook.h"
#include "common/memory.h"
#include "tests/fuzz/shared/front.h"
#include "tests/fuzz/shared/fuzz.h"

/* A row of its own, whose statement must never be reached. */
static const struct endpoint row = { .name = "hook", .method = POST, .path = "/hook/", .form = true, .who = ANYONE };
static const char *const names[] = { "base_url" };

static int begin(struct request *rq)
{
    static const struct operation operation = { .row = &row, .names = NULL };
    struct operation *copy = memory_check(talloc_memdup(rq, &operation, sizeof operation));

    copy->names = memory_check(talloc_memdup(rq, names, sizeof names));
    copy->name_count = 1;
    rq->method = POST;
    rq->product = products;
    rq->operation = copy;
    rq->query = strchrnul(request_param(rq, "REQUEST_URI"), '?');
    rq->query += *rq->query == '?';
    rq->segments[rq->segment_count++] = COPY(rq, request_param(rq, "REQUEST_URI"));
    rq->arguments = memory_check(talloc_zero_array(rq, const char *, 1));
    rq->arguments[0] = "https://hooks.example.org";
    return pairs_parse(rq, rq->in->body, rq->in->body_length, &rq->form) < 0 ? fail(rq, E_MALFORMED, NULL, NULL) : 0;
}

static step_fn *const steps[] = { begin, webhook_twilio, NULL };

FUZZ(webhook)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    struct front_request *request = front_request_new(ctx, steps);

    front_param(request, "HTTP_X_TWILIO_SIGNATURE", input_line(ctx, &input));
    front_param(request, "REQUEST_URI", input_line(ctx, &input));
    front_body(request, input_rest(ctx, &input), input.left);
    front_serve(request);
    MUST(request->status == 403 || request->status == 400 || request->status == 422);
}
