/* SPDX-License-Identifier: GPL-3.0-or-later
 * Dates as receipts print them. */
#ifndef MILLRACE_TEXT_RECEIPT_DATE_H
#define MILLRACE_TEXT_RECEIPT_DATE_H
#include <stdbool.h>

/* The first day in a line, in any of these forms: 2024-01-14, 2024/1/14, 14.01.2024, 14/01/24, Jan 14, 2024, 14 January
 * 2024, 14-Jan-24 (months in English, German, French, Spanish and Italian). month_first: how 03/04/2024 is meant, where
 * both can be; never said of dots. ret gets "2024-01-14". */
bool date_find(const char *line, bool month_first, char ret[static 11]);
#endif
