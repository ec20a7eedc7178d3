/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading CSV as RFC 4180 has it: fields between commas, in quotes where they hold commas, quotes (doubled) or ends of
 * lines; lines end with LF or CRLF; a byte order mark in front is passed over. One record at a time: a file may be of
 * any length. */
#ifndef MILLRACE_CSV_H
#define MILLRACE_CSV_H
#include <stdio.h>

enum { CSV_FIELDS_MAX = 256, CSV_RECORD_MAX = 1 << 20 /* bytes */ };

struct csv {
    FILE *from;
    long line; /* where the record begins that was read last; the first is 1 */
    long next; /* private, as what follows */
    char *bytes;
    size_t room;
    int count;
    char *fields[CSV_FIELDS_MAX]; /* of the record: each ends with a zero; they hold until the next one is read */
};

/* On ctx; from remains the caller's. */
struct csv *csv_new(void *ctx, FILE *from);
/* Read a record. 1; 0 at the end; -EINVAL: a quote that is never closed or stands within a field, or a zero byte;
 * -E2BIG: more fields or bytes than above; -EIO. csv->line says where. Empty lines are passed over. */
int csv_read(struct csv *csv);
/* The place of a field of the record read last, a head, by its name; -1: there is none of it. */
int csv_column(const struct csv *csv, const char *name);
#endif
