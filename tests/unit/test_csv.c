/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/csv.h"
#include "common/memory.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <string.h>

/* Records as "a|b;c|d", then how it ended. */
static char *read_all(void *ctx, const char *text, size_t length, int *ret)
{
    FILE *from = fmemopen(memory_check(talloc_memdup(ctx, text, length)), length, "r");
    struct csv *csv = csv_new(ctx, from);
    char *seen = COPY(ctx, "");

    while ((*ret = csv_read(csv)) == 1)
        for (int i = 0; i < csv->count; i++)
            seen = memory_check(talloc_asprintf_append(seen, "%s%s", csv->fields[i], i + 1 < csv->count ? "|" : ";"));
    fclose(from);
    return seen;
}

static const struct {
    const char *text, *seen;
    int end;
} rows[] = {
    { "a,b\nc,d\n", "a|b;c|d;", 0 },
    { "a,b\r\nc,d", "a|b;c|d;", 0 },
    { "\xef\xbb\xbf"
      "a\n",
      "a;", 0 },
    { "\n\na\n\n", "a;", 0 },
    { ",\n", "|;", 0 },
    { "\"\"\n", "", 0 },
    { "\"\",x\n", "|x;", 0 },
    { "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n", "a,b|say \"hi\"|two\nlines;", 0 },
    { "a,\"b", "", -EINVAL },
    { "a,\"b\"c\n", "", -EINVAL },
    { "a,b\"c\n", "", -EINVAL },
    { "x\na\rb\n", "x;a\rb;", 0 },
    { "a,b,", "a|b|;", 0 },
};

START_TEST(records_are_read_as_the_standard_has_it)
{
    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        int end;
        const char *seen = read_all(ctx, rows[i].text, strlen(rows[i].text), &end);

        ck_assert_msg(!strcmp(seen, rows[i].seen) && end == rows[i].end, "row %zu: %s, %d", i, seen, end);
    }
}
END_TEST

START_TEST(what_has_no_end_is_refused)
{
    autotalloc char *many = memory_check(talloc_size(NULL, CSV_RECORD_MAX + 10));
    int end;

    memset(many, ',', CSV_FIELDS_MAX);
    read_all(many, many, CSV_FIELDS_MAX - 1, &end);
    ck_assert_int_eq(end, 0);
    read_all(many, many, CSV_FIELDS_MAX, &end);
    ck_assert_int_eq(end, -E2BIG);
    memset(many, 'x', CSV_RECORD_MAX + 10);
    read_all(many, many, CSV_RECORD_MAX - 1, &end);
    ck_assert_int_eq(end, 0);
    read_all(many, many, CSV_RECORD_MAX + 1, &end);
    ck_assert_int_eq(end, -E2BIG);
    read_all(many, "a\0b\n", 4, &end);
    ck_assert_int_eq(end, -EINVAL);
}
END_TEST

START_TEST(an_error_says_where)
{
    static const char text[] = "a,b\n\"two\nlines\",d\ne,\"f\" \n";
    autotalloc void *ctx = talloc_new(NULL);
    FILE *from = fmemopen(memory_check(talloc_memdup(ctx, text, sizeof text - 1)), sizeof text - 1, "r");
    struct csv *csv = csv_new(ctx, from);

    ck_assert_int_eq(csv_read(csv), 1);
    ck_assert_int_eq(csv_column(csv, "b"), 1);
    ck_assert_int_eq(csv_column(csv, "c"), -1);
    ck_assert_int_eq(csv_read(csv), 1);
    ck_assert_int_eq(csv->line, 2);
    ck_assert_int_eq(csv_read(csv), -EINVAL);
    ck_assert_int_eq(csv->line, 4);
    fclose(from);
}
END_TEST

SUITE(csv)
{
    tcase_add_test(tests, records_are_read_as_the_standard_has_it);
    tcase_add_test(tests, what_has_no_end_is_refused);
    tcase_add_test(tests, an_error_says_where);
}
