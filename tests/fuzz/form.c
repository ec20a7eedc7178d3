/* SPDX-License-Identifier: GPL-3.0-or-later
 * A body on its way in, in pieces: a form taken apart is the same however it came, in memory or by a file.
 * Input: seed of the pieces (4), how often the rest is repeated (1), what Content-Length says (1), the rest. */
#include "tests/fuzz/shared/form.h"
#include "common/memory.h"
#include "fcgi/wire/body.h"
#include "tests/fuzz/shared/fuzz.h"
#include <unistd.h>

enum { LIMIT = 200000, LONG = 200 };

/* As client.c does it. */
static void gather(const char *bytes, size_t length, uint32_t seed, const char *expected, struct incoming *ret)
{
    struct body body;

    body_init(&body, LIMIT);
    for (size_t at = 0, n; at < length; at += n) {
        n = piece_next(&seed, length - at);
        body_add(&body, bytes + at, n);
        if (body_is_full(&body))
            body_write(&body);
        MUST(!body_is_full(&body));
    }
    if (!body_is_settled(&body))
        body_write(&body);
    body_finish(&body, expected, ret);
    MUST(body.fd < 0 && !body.memory.bytes);
}

static char *text_of(void *ctx, const struct incoming *in)
{
    char *text = memory_check(talloc_zero_size(ctx, in->body_length + 1));

    if (in->body)
        memcpy(text, in->body, in->body_length + 1);
    else
        MUST(pread(in->body_fd, text, in->body_length + 1, 0) == (ssize_t)in->body_length);
    return text;
}

FUZZ(form)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    uint32_t seed = input_number(&input, 4);
    unsigned often = input_byte(&input), said = input_byte(&input);
    struct incoming in = { .ctx = ctx };
    size_t length;
    char *whole, *to, expected[24];

    often = often < LONG ? 1 : often; /* mostly short, for speed */
    length = input.left * often;
    whole = to = memory_check(talloc_size(ctx, length + 1));
    for (unsigned i = 0; i < often && input.left; i++)
        to = mempcpy(to, input.at, input.left);
    snprintf(expected, sizeof expected, "%zu", length + said % 3);
    gather(whole, length, seed, said == 3 ? NULL : expected, &in);
    if (length > LIMIT) {
        MUST(in.body_state == BODY_TOO_LARGE && !in.body && in.body_fd < 0 && !in.body_length);
        return;
    }
    MUST(in.body_state == (said % 3 ? BODY_CUT : BODY_WHOLE) && in.body_length == length);
    MUST(!length || !memcmp(text_of(ctx, &in), whole, length));
    form_hold_same(ctx, text_of(ctx, &in), whole, length);
}
