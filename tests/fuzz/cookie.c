/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who calls: sessions, API tokens and access tokens that nobody has made. Input: which row (2), then lines:
 * Authorization, Cookie, X-CSRF-Token, X-Forwarded-For, REMOTE_ADDR. */
#include "common/memory.h"
#include "tests/fuzz/shared/front.h"
#include "tests/fuzz/shared/fuzz.h"

enum { ROWS_MAX = 512 };
static struct row {
    const struct product *product;
    const struct endpoint *endpoint;
} rows[ROWS_MAX];
static unsigned row_count;

static void gather_from(const struct product *product)
{
    for (const struct endpoint *endpoint = product->endpoints; endpoint->name; endpoint++) {
        MUST(row_count < ROWS_MAX);
        rows[row_count++] = (struct row){ product, endpoint };
    }
}

/* Those that know sessions first. */
static void gather(void)
{
    for (int sessions = 1; sessions >= 0; sessions--)
        for (const struct product *product = products; product->name; product++)
            if (((product->dialect->ways >> WAY_SESSION) & 1) == (unsigned)sessions)
                gather_from(product);
}

static bool is_address(const char *text)
{
    return strlen(text) <= 45 && !text[strspn(text, "0123456789abcdefABCDEF.:")];
}

static int hold_caller(struct request *rq)
{
    const char *account = rq->arguments[ARG_ACCOUNT_ID], *ip = rq->arguments[ARG_CLIENT_IP];

    MUST(ip == request_param(rq, "REMOTE_ADDR") || is_address(ip));
    rq->status = 204;
    if (!rq->signed_in)
        return 0;
    MUST(rq->way == WAY_SESSION && rq->method == GET && rq->operation->row->who != ANYONE);
    MUST(strlen(rq->session) == JTI_HEX && strspn(rq->session, "0123456789abcdef") == JTI_HEX);
    MUST(account && *account >= '1' && *account <= '9' && !account[strspn(account, "0123456789")]);
    MUST(strlen(rq->arguments[ARG_PROOF]) == DIGEST_HEX);
    return 0;
}

static step_fn *const steps[] = { route, authenticate, hold_caller, NULL };

/* The row's path with a 1 for each parameter. */
static char *uri_of(void *ctx, const struct row *row)
{
    char *uri = FORMAT(ctx, "/%s", row->product->name);

    for (const char *at = row->endpoint->path; *at; at++) {
        uri = memory_check(talloc_strndup_append(uri, *at == '{' ? "1" : at, 1));
        if (*at == '{')
            at += strcspn(at, "}");
    }
    return uri;
}

FUZZ(cookie)
{
    static const char *const names[] = { "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_X_CSRF_TOKEN",
                                         "HTTP_X_FORWARDED_FOR", "REMOTE_ADDR" };
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    struct front_request *request = front_request_new(ctx, steps);
    const struct row *row;

    if (!row_count)
        gather();
    row = &rows[input_number(&input, 2) % row_count];
    front_param(request, "REQUEST_METHOD", method_names[row->endpoint->method]);
    front_param(request, "REQUEST_URI", uri_of(ctx, row));
    for (size_t i = 0; i < ELEMENTS(names); i++)
        front_param(request, names[i], input_line(ctx, &input));
    front_serve(request);
}
