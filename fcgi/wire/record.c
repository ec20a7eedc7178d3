/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/wire/record.h"
#include "common/memory.h"
#include <errno.h>

enum {
    VERSION = 1,
    HEADER = 8,
    CONTENT_MAX = 65528, /* the most that needs no padding */
};

long record_next(const unsigned char *bytes, size_t n, struct record *ret)
{
    size_t length, whole;

    if (n > 0 && bytes[0] != VERSION)
        return -EPROTO;
    if (n < HEADER)
        return 0;
    length = (size_t)bytes[4] << 8 | bytes[5];
    whole = HEADER + length + bytes[6];
    if (n < whole)
        return 0;
    *ret = (struct record){
        .type = bytes[1],
        .id = (uint16_t)(bytes[2] << 8 | bytes[3]),
        .content = bytes + HEADER,
        .length = length,
    };
    return (long)whole;
}

/* One byte below 128, or four with the highest bit set. */
static int length_next(const unsigned char *bytes, size_t n, size_t *at, size_t *ret)
{
    if (*at == n)
        return -EPROTO;
    if (bytes[*at] < 128) {
        *ret = bytes[(*at)++];
        return 0;
    }
    if (n - *at < 4)
        return -EPROTO;
    *ret =
        (size_t)(bytes[*at] & 127) << 24 | (size_t)bytes[*at + 1] << 16 | (size_t)bytes[*at + 2] << 8 | bytes[*at + 3];
    *at += 4;
    return 0;
}

int pair_next(const unsigned char *bytes, size_t n, size_t *at, struct pair *ret)
{
    size_t here = *at, name, value;

    if (here == n)
        return 0;
    if (length_next(bytes, n, &here, &name) < 0 || length_next(bytes, n, &here, &value) < 0)
        return -EPROTO;
    if (name > n - here || value > n - here - name)
        return -EPROTO;
    *ret = (struct pair){
        .name = (const char *)bytes + here,
        .value = (const char *)bytes + here + name,
        .name_length = name,
        .value_length = value,
    };
    *at = here + name + value;
    return 1;
}

unsigned char *buffer_room(struct buffer *buffer, size_t more)
{
    if (more > buffer->room - buffer->length) {
        size_t room = (buffer->length + more) * 2;
        buffer->bytes = memory_check(realloc(buffer->bytes, room));
        buffer->room = room;
    }
    return buffer->bytes + buffer->length;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t n)
{
    if (!n)
        return;
    memcpy(buffer_room(buffer, n), bytes, n);
    buffer->length += n;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){ 0 };
}

void record_add(struct buffer *buffer, int type, uint16_t id, const void *content, size_t length)
{
    static const unsigned char zeros[8];
    const unsigned char *from = content;

    do {
        size_t n = length < CONTENT_MAX ? length : CONTENT_MAX, padding = -n & 7;
        const unsigned char header[HEADER] = {
            VERSION,
            (unsigned char)type,
            (unsigned char)(id >> 8),
            (unsigned char)id,
            (unsigned char)(n >> 8),
            (unsigned char)n,
            (unsigned char)padding,
        };
        buffer_add(buffer, header, HEADER);
        buffer_add(buffer, from, n);
        buffer_add(buffer, zeros, padding);
        length -= n;
        if (length)
            from += n;
    } while (length);
}
