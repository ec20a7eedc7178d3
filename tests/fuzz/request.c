/* SPDX-License-Identifier: GPL-3.0-or-later
 * A whole request through route, authenticate and validate. Input: parameters as NAME=VALUE, a line each, an empty
 * line, the body. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/steps/once.h"
#include "tests/fuzz/shared/front.h"
#include "tests/fuzz/shared/fuzz.h"

/* What the transport asks before there is a request. */
static void hold_body_limit(const struct incoming *in)
{
    const struct transport_handler handler = server_handler(front());
    size_t limit = handler.body_limit(handler.closure, in);

    MUST(limit >= (size_t)front()->config->front_body_limit && limit < SIZE_MAX / 2);
}

/* Nobody has signed anything: who says who he is with more than a session's page can read is refused. */
static int hold_caller(struct request *rq)
{
    MUST(!rq->signed_in || (rq->way == WAY_SESSION && rq->method == GET));
    return 0;
}

/* Were somebody signed in, his key would be one that fits into the table, or be refused. */
static void hold_key(struct request *rq)
{
    const char *key = request_param(rq, "HTTP_IDEMPOTENCY_KEY");
    struct request copy = *rq;
    int r;

    copy.signed_in = true;
    r = once_wanted(&copy);
    MUST(r <= 0 || (*key && strlen(key) <= 64));
    for (; r > 0 && *key; key++)
        MUST(*key > ' ' && *key <= '~');
}

/* What a list's statement tells besides its body. */
static char list_total[] = "total", list_keys[] = "keys";
static PGresult *list_result(void)
{
    PGresAttDesc columns[] = { { .name = list_total }, { .name = list_keys } };
    char total[] = "1000", keys[] = "[\"2026-01-02\",2]\n[\"2026-01-01\",1]";
    PGresult *rows = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

    MUST(rows && PQsetResultAttrs(rows, 2, columns));
    MUST(PQsetvalue(rows, 0, 0, total, (int)strlen(total)) && PQsetvalue(rows, 0, 1, keys, (int)strlen(keys)));
    return rows;
}

/* In the place of the statement: what it would have been given, and around what it would have answered. */
static int hold_validated(struct request *rq)
{
    const struct endpoint *row = rq->operation->row;
    PGresult *rows = list_result();

    front_hold_arguments(rq);
    hold_key(rq);
    rq->body = row->list ? page_body(rq, "[]", rows) : "{}";
    PQclear(rows);
    if (job_args_compose(rq) < 0)
        return -1;
    rq->body_length = strlen(rq->body);
    rq->status = 200;
    return 0;
}

static step_fn *const steps[] = { route, authenticate, hold_caller, validate, hold_validated, NULL };

static void read_params(void *ctx, struct input *input, struct front_request *request)
{
    while (input->left) {
        char *line = input_line(ctx, input), *equals = strchr(line, '=');

        if (!*line)
            return;
        if (equals)
            *equals = '\0';
        front_param(request, line, equals ? equals + 1 : "");
    }
}

FUZZ(request)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    struct front_request *request = front_request_new(ctx, steps);

    read_params(ctx, &input, request);
    front_body(request, input_rest(ctx, &input), input.left);
    hold_body_limit(&request->in);
    front_serve(request);
}
