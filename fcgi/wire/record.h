/* SPDX-License-Identifier: GPL-3.0-or-later
 * FastCGI records and parameters (fastcgi.h of libfcgi gives the numbers). Pure: no descriptors, so that it can be
 * fed one byte at a time by tests and fuzzers. */
#ifndef MILLRACE_RECORD_H
#define MILLRACE_RECORD_H
#include <stddef.h>
#include <stdint.h>

struct record {
    int type;
    uint16_t id;
    const unsigned char *content;
    size_t length;
};

/* The first record in bytes. Its whole size with padding; 0 when more bytes are needed; -EPROTO for a wrong version. */
long record_next(const unsigned char *bytes, size_t n, struct record *ret);

/* Walk name-value pairs: 1 with the pair, 0 at the end, -EPROTO when cut or longer than what is there. *at starts at
 * 0. */
struct pair {
    const char *name, *value; /* not terminated */
    size_t name_length, value_length;
};
int pair_next(const unsigned char *bytes, size_t n, size_t *at, struct pair *ret);

/* Append records of type to a growing buffer: content split at 65528 bytes, padded to 8; length 0 makes the empty
 * record that ends a stream. */
struct buffer {
    unsigned char *bytes;
    size_t length, room;
};
unsigned char *buffer_room(struct buffer *buffer, size_t more);
void buffer_add(struct buffer *buffer, const void *bytes, size_t n);
void buffer_free(struct buffer *buffer);
void record_add(struct buffer *buffer, int type, uint16_t id, const void *content, size_t length);
#endif
