/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/utf8.h"
#include "workers/fenced/report/format.h"
#include "workers/fenced/report/plain.h"
#include <errno.h>

enum { TELL = 1 << 14 }; /* lines */

static void string_write(FILE *to, const char *text)
{
    uint32_t c;
    size_t n;

    putc_unlocked('"', to);
    for (; *text; text += n) {
        n = utf8_next(text, &c);
        if (!n) {
            n = 1;
            fputs("\\ufffd", to);
        } else if (c == '"' || c == '\\') {
            putc_unlocked('\\', to);
            putc_unlocked((int)c, to);
        } else if (c < ' ') {
            fprintf(to, "\\u%04x", c);
        } else {
            fwrite(text, 1, n, to);
        }
    }
    putc_unlocked('"', to);
}

static void member_write(FILE *to, const char *name, const char *text)
{
    string_write(to, name);
    putc_unlocked(':', to);
    string_write(to, text);
}

/* What is a number in JSON as well stays one. */
static bool is_decimal(const char *cell)
{
    const char *digits = cell + (*cell == '-');
    size_t whole = strspn(digits, "0123456789"),
           part = digits[whole] == '.' ? strspn(digits + whole + 1, "0123456789") : 0;

    return whole > 0 && (whole == 1 || *digits != '0') && (digits[whole] != '.' || part > 0) &&
           !digits[whole + (part ? part + 1 : 0)];
}

static void cell_write(void *ctx, FILE *to, const char *name, enum report_type type, const char *cell)
{
    struct money money;

    string_write(to, name);
    putc_unlocked(':', to);
    if (!cell) {
        fputs("null", to);
    } else if (type == REPORT_MONEY && money_read(cell, &money)) {
        fprintf(to, "\"%s\",", money_amount(ctx, &money, false));
        member_write(to, FORMAT(ctx, "%s_currency", name), money.currency);
    } else if ((type == REPORT_INTEGER || type == REPORT_PERCENT) && is_decimal(cell)) {
        fputs(cell, to);
    } else {
        string_write(to, cell);
    }
}

/* The type of a fact's value is a cell of its own. */
static void fact_write(void *ctx, FILE *to, const char *const *cells)
{
    static const char *const types[] = { REPORT_TYPE_WORDS, NULL };
    int type = report_word(types, cells[1]);

    member_write(to, "label", cells[0] ? cells[0] : "");
    putc_unlocked(',', to);
    cell_write(ctx, to, "value", type < 0 ? REPORT_TEXT : (enum report_type)type, cells[2]);
}

static void row_write(void *ctx, const struct reader *reader, FILE *to)
{
    const struct section *section = reader->section;

    putc_unlocked('{', to);
    if (section->kind == REPORT_FACTS)
        fact_write(ctx, to, reader->cells);
    for (int i = 0; i < reader->count && section->kind != REPORT_FACTS; i++) {
        if (i > 0)
            putc_unlocked(',', to);
        cell_write(ctx, to, section->columns[i].name, section->columns[i].type, reader->cells[i]);
    }
    putc_unlocked('}', to);
}

static void head_write(const struct head *head, FILE *to)
{
    putc_unlocked('{', to);
    member_write(to, "title", head->title);
    putc_unlocked(',', to);
    member_write(to, "subtitle", head->subtitle);
    putc_unlocked(',', to);
    member_write(to, "owner", head->owner);
    putc_unlocked(',', to);
    member_write(to, "generated_at", head->generated_at);
    fputs(",\"sections\":[", to);
}

int json_write(struct reader *reader, FILE *to, plain_told_fn *told, void *closure)
{
    autotalloc void *ctx = talloc_pool(NULL, 4096);
    int line, sections = 0, rows = 0;

    head_write(&reader->head, to);
    while ((line = reader_next(reader)) > 0) {
        if (line == READER_SECTION) {
            fprintf(to, "%s\n{", sections++ ? "]}," : "");
            member_write(to, "title", reader->section->title);
            fputs(",\"rows\":[", to);
            rows = 0;
            continue;
        }
        fputs(rows++ ? ",\n" : "\n", to);
        row_write(ctx, reader, to);
        talloc_free_children(ctx);
        if (reader->number % TELL == 0)
            told(closure, reader->number);
        if (ferror(to))
            return -EIO;
    }
    fputs(sections ? "]}\n]}\n" : "]}\n", to);
    return line < 0 ? line : fflush(to) ? -errno : 0;
}
