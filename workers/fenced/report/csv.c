/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "workers/fenced/report/format.h"
#include "workers/fenced/report/plain.h"
#include <errno.h>

enum { TELL = 1 << 14 }; /* lines */

/* What begins a formula, also in the wide forms that some spreadsheets read as well. */
static const char *const formula_signs[] = {
    "=", "+", "-", "@", "\t", "\r", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"
};

static bool is_number(const char *text)
{
    const char *digits = text + (*text == '+' || *text == '-');
    size_t whole = strspn(digits, "0123456789"),
           part = digits[whole] == '.' ? strspn(digits + whole + 1, "0123456789") : 0;

    return whole > 0 && !digits[whole + (part ? part + 1 : 0)];
}

bool csv_is_formula(const char *text)
{
    for (size_t i = 0; i < ELEMENTS(formula_signs); i++)
        if (!strncmp(text, formula_signs[i], strlen(formula_signs[i])))
            return !is_number(text);
    return false;
}

void csv_cell(FILE *to, const char *text)
{
    bool formula = csv_is_formula(text);

    if (!formula && !text[strcspn(text, ",\"\r\n")]) {
        fputs(text, to);
        return;
    }
    putc_unlocked('"', to);
    if (formula)
        putc_unlocked('\'', to);
    for (; *text; text++) {
        if (*text == '"')
            putc_unlocked('"', to);
        putc_unlocked(*text, to);
    }
    putc_unlocked('"', to);
}

static void titles_write(const struct section *section, FILE *to)
{
    for (int i = 0; i < section->column_count; i++) {
        const struct column *column = &section->columns[i];

        if (i > 0)
            putc_unlocked(',', to);
        csv_cell(to, column->title);
        if (column->type == REPORT_MONEY) {
            putc_unlocked(',', to);
            autotalloc char *title = FORMAT(NULL, "%s currency", column->title);
            csv_cell(to, title);
        }
    }
    fputs("\r\n", to);
}

static void money_write(void *ctx, const char *cell, FILE *to)
{
    struct money money;

    if (!money_read(cell, &money)) {
        csv_cell(to, cell);
        putc_unlocked(',', to);
        return;
    }
    fprintf(to, "%s,%s", money_amount(ctx, &money, false), money.currency);
}

static void row_write(void *ctx, const struct reader *reader, FILE *to)
{
    for (int i = 0; i < reader->count; i++) {
        const char *cell = reader->cells[i] ? reader->cells[i] : "";

        if (i > 0)
            putc_unlocked(',', to);
        if (reader->section->columns[i].type == REPORT_MONEY)
            money_write(ctx, cell, to);
        else
            csv_cell(to, cell);
    }
    fputs("\r\n", to);
}

int csv_write(struct reader *reader, FILE *to, plain_told_fn *told, void *closure)
{
    autotalloc void *ctx = talloc_pool(NULL, 4096);
    int line;

    while ((line = reader_next(reader)) > 0) {
        if (reader->section->kind != REPORT_TABLE)
            continue;
        if (line == READER_SECTION) {
            titles_write(reader->section, to);
            continue;
        }
        row_write(ctx, reader, to);
        talloc_free_children(ctx);
        if (reader->number % TELL == 0)
            told(closure, reader->number);
        if (ferror(to))
            return -EIO;
    }
    return line < 0 ? line : fflush(to) ? -errno : 0;
}
