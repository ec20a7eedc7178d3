/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/csv.h"
#include "common/memory.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct csv *csv_new(void *ctx, FILE *from)
{
    struct csv *csv = NEW(ctx, struct csv);

    csv->from = from;
    csv->next = 1;
    return csv;
}

/* A record's bytes are gathered with a zero behind each field; fields point into them once all are there. */
static int keep(struct csv *csv, size_t *length, int byte)
{
    if (*length == CSV_RECORD_MAX)
        return -E2BIG;
    if (*length == csv->room) {
        csv->room = csv->room ? csv->room * 2 : 1024;
        csv->bytes = memory_check(talloc_realloc_size(csv, csv->bytes, csv->room));
    }
    csv->bytes[(*length)++] = (char)byte;
    return 0;
}

/* What follows the quote that begins a field, up to the one that ends it. */
static int read_quoted(struct csv *csv, size_t *length)
{
    int byte, r = 0;

    while (r == 0 && (byte = getc_unlocked(csv->from)) != EOF) {
        if (byte == '"' && (byte = getc_unlocked(csv->from)) != '"') {
            ungetc(byte, csv->from);
            return 0;
        }
        if (byte == '\0')
            return -EINVAL;
        csv->next += byte == '\n';
        r = keep(csv, length, byte);
    }
    return r < 0 ? r : -EINVAL;
}

/* Read a field; *ret_byte is what ended it: a comma, an end of line, or EOF. */
static int read_field(struct csv *csv, size_t *length, int *ret_byte)
{
    int byte = getc_unlocked(csv->from), r = 0;
    bool quoted = byte == '"';

    if (quoted) {
        r = read_quoted(csv, length);
        byte = getc_unlocked(csv->from);
    }
    while (r == 0 && byte != ',' && byte != '\n' && byte != EOF) {
        int ahead = byte == '\r' ? getc_unlocked(csv->from) : '\0';

        if (byte == '\r' && (ahead == '\n' || ahead == EOF)) {
            byte = ahead;
            break;
        }
        if (byte == '\r')
            ungetc(ahead, csv->from);
        if (quoted || byte == '"' || byte == '\0')
            return -EINVAL;
        r = keep(csv, length, byte);
        byte = getc_unlocked(csv->from);
    }
    if (r == 0)
        r = keep(csv, length, '\0');
    *ret_byte = byte;
    return r;
}

static void skip_mark(FILE *from)
{
    static const unsigned char mark[] = { 0xef, 0xbb, 0xbf };
    int byte = getc_unlocked(from);

    if (byte != mark[0])
        ungetc(byte, from);
    else if (getc_unlocked(from) != mark[1] || getc_unlocked(from) != mark[2])
        rewind(from);
}

static void fields_point(struct csv *csv)
{
    char *at = csv->bytes;

    for (int i = 0; i < csv->count; i++) {
        csv->fields[i] = at;
        at += strlen(at) + 1;
    }
}

int csv_read(struct csv *csv)
{
    size_t length;
    int byte, r;

    if (csv->next == 1 && !csv->bytes)
        skip_mark(csv->from);
    do {
        length = 0;
        csv->count = 0;
        csv->line = csv->next;
        do {
            if (csv->count == CSV_FIELDS_MAX)
                return -E2BIG;
            r = read_field(csv, &length, &byte);
            csv->count++;
        } while (r == 0 && byte == ',');
        if (r < 0)
            return ferror(csv->from) ? -EIO : r;
        if (byte == EOF && ferror(csv->from))
            return -EIO;
        csv->next++;
        if (byte == EOF && csv->count == 1 && length == 1)
            return 0;
    } while (csv->count == 1 && length == 1);
    fields_point(csv);
    return 1;
}

int csv_column(const struct csv *csv, const char *name)
{
    for (int i = 0; i < csv->count; i++)
        if (!strcmp(csv->fields[i], name))
            return i;
    return -1;
}
