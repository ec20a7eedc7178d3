/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures without a model: stripes and discs in colours that follow from the seed, as PNG with a palette. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/sandbox.h"
#include <sodium.h>
#include <string.h>
#include <zlib.h>

enum { COLOURS = 8, SIDE_MAX = 2048, DISCS = 5, SEED_MAX = 64 };
static const char MARK[] = "picture:";

struct png {
    unsigned char *bytes;
    size_t length;
};

static void put_number(unsigned char *to, unsigned long value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void chunk_add(struct png *png, const char *type, const void *bytes, size_t n)
{
    unsigned char *at = png->bytes + png->length;

    put_number(at, n);
    memcpy(at + 4, type, 4);
    if (n)
        memcpy(at + 8, bytes, n);
    put_number(at + 8 + n, crc32(0, at + 4, (unsigned)(n + 4)));
    png->length += n + 12;
}

struct disc {
    int x, y, radius;
};

/* The rows, each behind the byte that says it is not filtered. */
static unsigned char *rows_draw(void *ctx, const unsigned char hash[64], int width, int height)
{
    unsigned char *rows = memory_check(talloc_size(ctx, (size_t)(width + 1) * (size_t)height)), *to = rows;
    int stripe = 8 + hash[0] % 56;
    struct disc discs[DISCS];

    for (int i = 0; i < DISCS; i++)
        discs[i] = (struct disc){ hash[3 * i + 1] * width / 255, hash[3 * i + 2] * height / 255,
                                  (hash[3 * i + 3] % 64 + 16) * (width < height ? width : height) / 256 };
    for (int y = 0; y < height; y++) {
        *to++ = 0;
        for (int x = 0; x < width; x++) {
            int colour = (x + y) / stripe % 2;

            for (int i = 0; i < DISCS; i++)
                if ((x - discs[i].x) * (x - discs[i].x) + (y - discs[i].y) * (y - discs[i].y) <
                    discs[i].radius * discs[i].radius)
                    colour = i + 2;
            *to++ = (unsigned char)colour;
        }
    }
    return rows;
}

const unsigned char *picture_png(void *ctx, const char *seed, int width, int height, size_t *ret_length)
{
    static const unsigned char signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    size_t raw = (size_t)(width + 1) * (size_t)height;
    unsigned char hash[64], head[13] = { 0 }, *rows;
    unsigned long packed = compressBound(raw);
    autotalloc unsigned char *data = memory_check(talloc_size(NULL, packed));
    struct png png = { .bytes = memory_check(talloc_size(ctx, packed + 256)), .length = sizeof signature };

    crypto_generichash(hash, sizeof hash, (const unsigned char *)seed, strlen(seed), NULL, 0);
    rows = rows_draw(data, hash, width, height);
    if (compress2(data, &packed, rows, raw, 6) != Z_OK)
        abort();
    memcpy(png.bytes, signature, sizeof signature);
    put_number(head, (unsigned long)width);
    put_number(head + 4, (unsigned long)height);
    head[8] = 8; /* bits */
    head[9] = 3; /* a palette */
    chunk_add(&png, "IHDR", head, sizeof head);
    chunk_add(&png, "PLTE", hash + 24, COLOURS * 3);
    chunk_add(&png, "tEXt", "Software\0millrace-sandbox", 25);
    chunk_add(&png, "IDAT", data, packed);
    chunk_add(&png, "IEND", NULL, 0);
    *ret_length = png.length;
    return png.bytes;
}

const unsigned char *picture_of(void *ctx, const char *text, size_t *ret_length)
{
    char seed[SEED_MAX + 1];
    int width, height, end = 0;

    if (strncmp(text, MARK, sizeof MARK - 1) != 0 ||
        sscanf(text + sizeof MARK - 1, "%64[^:]:%4dx%4d%n", seed, &width, &height, &end) != 3 ||
        text[sizeof MARK - 1 + (size_t)end] || width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return NULL;
    return picture_png(ctx, seed, width, height, ret_length);
}

/* The value, or what it is to be replaced by. */
static json_t *filled(void *ctx, json_t *value)
{
    const char *text = json_string_value(value), *name;
    const unsigned char *png;
    json_t *member;
    size_t i, length, room;
    char *base64;
    void *next;

    json_object_foreach_safe(value, next, name, member) json_object_set_new(value, name, filled(ctx, member));
    json_array_foreach(value, i, member) json_array_set_new(value, i, filled(ctx, member));
    png = text ? picture_of(ctx, text, &length) : NULL;
    if (!png)
        return json_incref(value);
    room = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    base64 = memory_check(talloc_size(ctx, room));
    sodium_bin2base64(base64, room, png, length, sodium_base64_VARIANT_ORIGINAL);
    return json_string(base64);
}

const char *pictures_fill(void *ctx, const char *json)
{
    json_auto_t *value = NULL, *whole = NULL;
    const char *why;

    if (!strstr(json, "\"picture:") || json_parse_strict(ctx, json, strlen(json), &value, &why) < 0)
        return json;
    whole = filled(ctx, value);
    return json_text(ctx, whole);
}
