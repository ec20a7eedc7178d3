/* SPDX-License-Identifier: GPL-3.0-or-later
 * The two forms for programs, written as the rows are read: memory stays as small as one row, however many there are.
 */
#ifndef MILLRACE_REPORT_PLAIN_H
#define MILLRACE_REPORT_PLAIN_H
#include "workers/fenced/report/reader.h"

/* Told now and then with the number of the line that was read last. */
typedef void plain_told_fn(void *closure, long long line);

/* RFC 4180 in UTF-8: the columns' titles, then the rows of all sections that are tables. Of money the amount, and its
 * currency in a column of its own. A cell that a spreadsheet would take for a formula gets an apostrophe in front. 0,
 * or what reader_next() says, or -errno of the writing. */
int csv_write(struct reader *reader, FILE *to, plain_told_fn *told, void *closure);
/* An object: title, subtitle, owner, generated_at, sections, each with its rows as objects. */
int json_write(struct reader *reader, FILE *to, plain_told_fn *told, void *closure);

/* One field of RFC 4180, quoted where it must be. */
void csv_cell(FILE *to, const char *text);
/* True when a spreadsheet may take it for a formula. */
bool csv_is_formula(const char *text);
#endif
