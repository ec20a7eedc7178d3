/* SPDX-License-Identifier: GPL-3.0-or-later
 * FastCGI records and parameters: the same records from pieces of any size; parameters are texts, and written again
 * they are read the same. Input: seed of the pieces (4), bytes. */
#include "fcgi/wire/record.h"
#include "common/memory.h"
#include "fcgi/wire/transport_private.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>

/* All records of bytes, as they would be written: type, id and content. -EPROTO, or how many bytes they had. */
static long walk(const unsigned char *bytes, size_t n, struct buffer *ret)
{
    struct record record;
    size_t at = 0;
    long whole;

    while ((whole = record_next(bytes + at, n - at, &record)) > 0) {
        MUST((size_t)whole <= n - at && whole >= 8);
        MUST(record.content == bytes + at + 8 && record.length <= (size_t)whole - 8);
        record_add(ret, record.type, record.id, record.content, record.length);
        at += (size_t)whole;
    }
    MUST(whole == 0 || whole == -EPROTO);
    return whole < 0 ? whole : (long)at;
}

static void hold_pieces(const unsigned char *bytes, size_t n, uint32_t seed, const struct buffer *whole, long r)
{
    struct buffer in = { 0 }, records = { 0 };
    long taken = 0, sum = 0;

    for (size_t at = 0, piece; at < n && taken >= 0; at += piece) {
        piece = piece_next(&seed, n - at);
        buffer_add(&in, bytes + at, piece);
        taken = walk(in.bytes, in.length, &records);
        if (taken > 0) {
            sum += taken;
            in.length -= (size_t)taken;
            memmove(in.bytes, in.bytes + taken, in.length);
        }
    }
    MUST((taken < 0 ? taken : sum) == r);
    MUST(records.length == whole->length);
    MUST(!records.length || !memcmp(records.bytes, whole->bytes, records.length));
    buffer_free(&in);
    buffer_free(&records);
}

/* What was written is read the same; only one that is split has others. */
static void hold_written(const struct buffer *records)
{
    struct buffer again = { 0 };

    if (!records->length)
        return;
    MUST(walk(records->bytes, records->length, &again) == (long)records->length);
    MUST(records->length % 8 == 0);
    if (again.length)
        MUST(again.length == records->length && !memcmp(again.bytes, records->bytes, again.length));
    buffer_free(&again);
}

static void add_length(struct buffer *to, size_t n)
{
    const unsigned char bytes[] = { (unsigned char)(n >> 24 | 128), (unsigned char)(n >> 16), (unsigned char)(n >> 8),
                                    (unsigned char)n };

    if (n < 128)
        buffer_add(to, &bytes[3], 1);
    else
        buffer_add(to, bytes, sizeof bytes);
}

static void hold_params(void *ctx, const unsigned char *bytes, size_t n)
{
    struct incoming in = { .ctx = ctx }, again = { .ctx = ctx };
    struct buffer written = { 0 };
    int r = incoming_params_read(&in, bytes, n);

    MUST(r == 0 || r == -EPROTO);
    for (int i = 0; r == 0 && i < in.count; i++) {
        size_t name = strlen(in.names[i]), value = strlen(in.values[i]);

        MUST(name + value < n && incoming_param(&in, in.names[i]));
        add_length(&written, name);
        add_length(&written, value);
        buffer_add(&written, in.names[i], name);
        buffer_add(&written, in.values[i], value);
    }
    MUST(incoming_params_read(&again, written.bytes, written.length) == 0 && (r < 0 || again.count == in.count));
    for (int i = 0; i < again.count; i++)
        MUST(!strcmp(in.names[i], again.names[i]) && !strcmp(in.values[i], again.values[i]));
    buffer_free(&written);
}

FUZZ(record)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    uint32_t seed = input_number(&input, 4);
    const unsigned char *bytes = (const unsigned char *)input.at;
    struct buffer records = { 0 };
    long r = walk(bytes, input.left, &records);

    hold_pieces(bytes, input.left, seed, &records, r);
    hold_written(&records);
    hold_params(ctx, bytes, input.left);
    buffer_free(&records);
}
