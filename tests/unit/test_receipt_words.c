/* SPDX-License-Identifier: GPL-3.0-or-later
 * What stands on receipts: amounts and dates, each by itself. */
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/fenced/text/receipt.h"
#include "workers/fenced/text/receipt_date.h"
#include "workers/fenced/text/receipt_words.h"

/* ---- amounts ---- */

static const struct {
    const char *word, *text; /* NULL: it is none */
    bool marked;
} amounts[] = {
    { "12.50", "12.50", false },
    { "12,50", "12.50", false },
    { "$12.50", "12.50", true },
    { "12,50€", "12.50", true },
    { "EUR12.50", "12.50", true },
    { "1,234.56", "1234.56", false },
    { "1.234,56", "1234.56", false },
    { "1'234.50", "1234.50", false },
    { "12.345.678,90", "12345678.90", false },
    { "-2.00", "-2.00", false },
    { "2.00-", "-2.00", false },
    { "-$2.00", "-2.00", true },
    { "$-2.00", "-2.00", true },
    { "−3,10", "-3.10", false },
    { "0.99", "0.99", false },
    { ".99", NULL, false },
    { "¥1,200", "1200", true },
    { "1200", "1200", false },
    { "S79.57", "79.57", true },
    { "1O.00", "10.00", false },
    { "l2.50", "12.50", false },
    { "OO.OO", NULL, false },
    { "SOS", NULL, false },
    { "7.5", NULL, false },
    { "1.2.3", NULL, false },
    { "03.05.2023", NULL, false },
    { "14.01.24", NULL, false },
    { "19:32", NULL, false },
    { "12,34.56", NULL, false },
    { "1,23,456.00", NULL, false },
    { "12.50*", "12.50", false },
    { "", NULL, false },
    { "-", NULL, false },
    { "$", NULL, false },
    { "123456789.00", "123456789.00", false },
    { "123456789012.00", NULL, false },
    { "999999999.99", "999999999.99", false },
    { "¥999,999,999", "999999999", true },
    { "¥9,999,999,999", NULL, true },
    { "12345678901", NULL, false },
    { "99999999999999999999", NULL, false },
    { "12.500", "12500", false },
};

START_TEST(an_amount_is_read)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct amount amount;
    const bool found = amount_read(amounts[_i].word, strlen(amounts[_i].word), &amount);

    ck_assert_msg(found == (amounts[_i].text != NULL), "%s", amounts[_i].word);
    if (found) {
        ck_assert_str_eq(amount_text(ctx, amount), amounts[_i].text);
        ck_assert_msg(amount.marked == amounts[_i].marked, "%s", amounts[_i].word);
    }
}
END_TEST

/* ---- dates ---- */

static const struct {
    const char *line, *day; /* NULL: there is none */
    bool month_first;
} days[] = {
    { "Date: 2024-01-14 19:32", "2024-01-14", false },
    { "2024/1/4", "2024-01-04", false },
    { "20240114", NULL, false },
    { "14.01.2024 17:45", "2024-01-14", true },
    { "03.05.23", "2023-05-03", true },
    { "03/04/2024", "2024-04-03", false },
    { "03/04/2024", "2024-03-04", true },
    { "25/12/2023", "2023-12-25", true },
    { "12/25/2023", "2023-12-25", false },
    { "Jan 7, 2025 8:15 AM", "2025-01-07", false },
    { "January 14th, 2024", "2024-01-14", false },
    { "14 JAN 2024", "2024-01-14", false },
    { "14-Feb-24", "2024-02-14", false },
    { "3. März 2024", NULL, false },
    { "3. Dezember 2023", "2023-12-03", false },
    { "le 5 avril 2024", "2024-04-05", false },
    { "29/02/2024", "2024-02-29", false },
    { "29/02/2023", NULL, false },
    { "31.04.2024", NULL, false },
    { "00/00/0000", NULL, false },
    { "Tel 555-010-4471", NULL, false },
    { "1 x 2.50", NULL, false },
    { "Exp 05/27", NULL, false },
    { "10.0.0.1", NULL, false },
    { "2024-01-14T19:32:00", "2024-01-14", false },
    { "A2024-01-14", NULL, false },
    { "5-6/2024", NULL, false },
    { "1234-56-78", NULL, false },
    { "May 2024", NULL, false },
    { "", NULL, false },
    { "12 - 03 - 2024", "2024-03-12", false },
    { "99999999999/99999999999/99999", NULL, false },
};

START_TEST(a_date_is_found)
{
    char day[11] = "";
    const bool found = date_find(days[_i].line, days[_i].month_first, day);

    ck_assert_msg(found == (days[_i].day != NULL), "%s: %s", days[_i].line, day);
    if (found)
        ck_assert_str_eq(day, days[_i].day);
}
END_TEST

SUITE(receipt_words)
{
    tcase_add_loop_test(tests, an_amount_is_read, 0, (int)ELEMENTS(amounts));
    tcase_add_loop_test(tests, a_date_is_found, 0, (int)ELEMENTS(days));
}
