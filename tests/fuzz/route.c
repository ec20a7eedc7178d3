/* SPDX-License-Identifier: GPL-3.0-or-later
 * Methods and paths: a row or an error; and the path that a link would be made of leads to the same row, with the same
 * parameters. Input: a line with the method, the URI. */
#include "common/memory.h"
#include "tests/fuzz/shared/front.h"
#include "tests/fuzz/shared/fuzz.h"

struct found {
    const struct operation *operation;
    const char *uri; /* made of what was found */
    const char *segments[SEGMENTS_MAX];
    int count;
};
static struct found found; /* by the last request */

/* The path's parameters are segments; what is literal in the row is so in the path. */
static void hold_segments(const struct request *rq)
{
    autotalloc char *path = COPY(NULL, rq->operation->row->path);
    char *save = NULL;
    int n = 0;

    for (char *part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save), n++) {
        MUST(n < rq->segment_count);
        MUST(*part == '{' || !strcmp(part, rq->segments[n]));
    }
    MUST(n == rq->segment_count);
}

static void hold_path_arguments(const struct request *rq)
{
    for (int i = 0; i < rq->operation->field_count; i++) {
        bool known = rq->operation->fields[i].in != PATH;

        for (int n = 0; n < rq->segment_count; n++)
            known |= rq->arguments[FIXED_COUNT + i] == rq->segments[n];
        MUST(known);
    }
}

static int keep(struct request *rq)
{
    void *ctx = talloc_parent(rq->in->ctx);

    MUST(rq->segment_count >= 0 && rq->segment_count <= SEGMENTS_MAX);
    rq->status = 204;
    if (!rq->operation)
        return 0;
    hold_segments(rq);
    hold_path_arguments(rq);
    found.operation = rq->operation;
    found.uri = FORMAT(ctx, "/%s%s", rq->product->name, request_path(rq));
    found.count = rq->segment_count;
    for (int i = 0; i < rq->segment_count; i++)
        found.segments[i] = COPY(ctx, rq->segments[i]);
    return 0;
}

static step_fn *const steps[] = { route, keep, NULL };

static struct found find(void *ctx, const char *method, const char *uri, bool accept)
{
    struct front_request *request = front_request_new(ctx, steps);

    found = (struct found){ .operation = NULL };
    front_param(request, "REQUEST_METHOD", method);
    front_param(request, "REQUEST_URI", uri);
    if (accept)
        front_param(request, "HTTP_ACCEPT", "application/json");
    front_serve(request);
    MUST(found.operation || request->status >= 400 || request->status == 204 || request->status == 200);
    return found;
}

FUZZ(route)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    const char *method = input_line(ctx, &input), *uri = input_rest(ctx, &input);
    struct found first = find(ctx, method, uri, false), again;

    if (!first.operation)
        return;
    again = find(ctx, method, first.uri, false);
    MUST(again.operation == first.operation && again.count == first.count);
    for (int i = 0; i < first.count; i++)
        MUST(!strcmp(first.segments[i], again.segments[i]));
}
