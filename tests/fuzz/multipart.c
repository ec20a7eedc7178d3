/* SPDX-License-Identifier: GPL-3.0-or-later
 * multipart/form-data: the same parts and the same end, whether it comes whole, cut in two anywhere, byte by byte or in
 * pieces of any size. Input: seed of the pieces (4), a line with the Content-Type, the body. */
#include "fcgi/input/multipart.h"
#include "common/memory.h"
#include "fcgi/wire/record.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>

enum { EVERY_CUT = 200 }; /* bytes of a body that is cut everywhere */

/* What was told, as bytes: B name NUL filename NUL, D data, E. Pieces of data run together. */
struct heard {
    struct buffer all;
    size_t data_at; /* where the data of this part begins */
    bool inside;
    int parts, r;
    const char *body;
    size_t length;
};

static int begin(void *closure, const struct part *part)
{
    struct heard *heard = closure;

    MUST(!heard->inside && ++heard->parts <= PARTS_MAX);
    MUST(memchr(part->name, '\0', sizeof part->name) && memchr(part->filename, '\0', sizeof part->filename));
    MUST(!strpbrk(part->filename, "/\\") && (part->file || !*part->filename));
    heard->inside = true;
    buffer_add(&heard->all, "B", 1);
    buffer_add(&heard->all, part->name, strlen(part->name) + 1);
    buffer_add(&heard->all, part->filename, strlen(part->filename) + 1);
    buffer_add(&heard->all, part->file ? "F" : "T", 1);
    heard->data_at = heard->all.length;
    return 0;
}

static int data_in(void *closure, const char *bytes, size_t n)
{
    struct heard *heard = closure;

    MUST(heard->inside && n > 0);
    buffer_add(&heard->all, bytes, n);
    return 0;
}

static int end(void *closure)
{
    struct heard *heard = closure;
    size_t n = heard->all.length - heard->data_at;

    MUST(heard->inside);
    MUST(!n || memmem(heard->body, heard->length, heard->all.bytes + heard->data_at, n));
    heard->inside = false;
    buffer_add(&heard->all, "E", 1);
    return 0;
}

/* Each piece lies alone: who looks beyond it is caught. */
static void feed(struct multipart *multipart, struct heard *heard, size_t from, size_t n)
{
    autofree char *piece = memory_check(malloc(n));

    memcpy(piece, heard->body + from, n);
    if (heard->r == 0)
        heard->r = multipart_feed(multipart, piece, n);
}

struct cuts {
    size_t first;  /* cut here; 0: by the seed */
    uint32_t seed; /* 0: not at all */
};

static void listen(struct heard *heard, const char *type, struct cuts cuts)
{
    const struct multipart_told told = { heard, begin, data_in, end };
    struct multipart multipart;
    uint32_t seed = cuts.seed;

    heard->r = multipart_begin(&multipart, type, &told);
    if (cuts.first)
        feed(&multipart, heard, 0, cuts.first);
    for (size_t at = cuts.first, n; at < heard->length; at += n) {
        n = seed ? piece_next(&seed, heard->length - at) : heard->length - at;
        feed(&multipart, heard, at, n);
    }
    if (heard->r == 0)
        heard->r = multipart_finish(&multipart);
    MUST(heard->r == 0 || heard->r == -EINVAL || heard->r == -E2BIG);
    MUST(heard->r < 0 || !heard->inside);
}

static void hold_same(const struct heard *whole, const char *type, struct cuts cuts)
{
    struct heard cut = { .body = whole->body, .length = whole->length };

    listen(&cut, type, cuts);
    MUST(cut.r == whole->r && cut.all.length == whole->all.length);
    MUST(!cut.all.length || !memcmp(cut.all.bytes, whole->all.bytes, cut.all.length));
    buffer_free(&cut.all);
}

FUZZ(multipart)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    uint32_t seed = input_number(&input, 4);
    const char *type = input_line(ctx, &input);
    struct heard whole = { .body = input.at, .length = input.left };

    listen(&whole, type, (struct cuts){ 0, 0 });
    hold_same(&whole, type, (struct cuts){ 0, seed | 1 });
    for (size_t cut = 1; cut < whole.length && whole.length <= EVERY_CUT; cut++)
        hold_same(&whole, type, (struct cuts){ cut, 0 });
    buffer_free(&whole.all);
}
