/* SPDX-License-Identifier: GPL-3.0-or-later
 * What lies between the two halves of a report: gather (direct/report_gather.c) writes the file REPORT_FILE of lines,
 * the fenced function (fenced/report/) reads it. Lines end with \n and are of two sorts:
 *
 *   {...}              a head, JSON. The first line is the report's: title, subtitle, brand, owner, note, name (of the
 *                      file, without its end), generated_at. Every other one begins a section: title, kind, none (what
 * is said when it has no rows), columns [{title, name, type, weight, total}], charts [{kind, title, label, values
 * [...]}] (numbers of columns). \tCELL\tCELL...    a row of the section: a tab before each cell. In a cell \t \n \r and
 * \ are written as PostgreSQL's COPY writes them, and null is \N.
 *
 * Cells are text as they come from SQL: an integer, a date as 2024-01-31, a percentage as a decimal number, money as
 * minor units and currency ("-1250 EUR"). Facts have the columns label, type (of the value) and value; pictures have
 * caption and the name of a file beside this one, null when it could not be had. */
#ifndef MILLRACE_REPORT_FILE_H
#define MILLRACE_REPORT_FILE_H
#include <stddef.h>
#include <string.h>

#define REPORT_FILE "report.lines"

enum {
    REPORT_SECTIONS_MAX = 32,
    REPORT_COLUMNS_MAX = 32,
    REPORT_CHARTS_MAX = 4,     /* of a section */
    REPORT_SERIES_MAX = 2,     /* of a chart */
    REPORT_LINE_MAX = 8 << 20, /* bytes */
    REPORT_PICTURES_MAX = 200,
    REPORT_PICTURE_MAX = 20 << 20, /* bytes of one */
    REPORT_PDF_ROWS_MAX = 20000,   /* of the whole report; the other forms have no such bound */
};

enum report_form { REPORT_PDF, REPORT_CSV, REPORT_JSON, REPORT_FORMS };
enum report_kind { REPORT_FACTS, REPORT_TABLE, REPORT_PICTURES, REPORT_KINDS };
enum report_type { REPORT_TEXT, REPORT_INTEGER, REPORT_MONEY, REPORT_PERCENT, REPORT_DATE, REPORT_TYPES };
enum report_chart_kind { REPORT_BAR, REPORT_LINE, REPORT_PIE, REPORT_CHART_KINDS };

#define REPORT_FORM_WORDS "pdf", "csv", "json"
#define REPORT_KIND_WORDS "facts", "table", "pictures"
#define REPORT_TYPE_WORDS "text", "integer", "money", "percent", "date"
#define REPORT_CHART_WORDS "bar", "line", "pie"

/* The number of a word in a list that ends with NULL, or -1. */
static inline int report_word(const char *const *words, const char *word)
{
    for (int i = 0; word && words[i]; i++)
        if (!strcmp(words[i], word))
            return i;
    return -1;
}
#endif
