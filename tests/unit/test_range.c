/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/input/range.h"
#include "tests/unit/suite.h"
#include <errno.h>

/* Of 1000 bytes. */
static const struct {
    const char *text;
    int r;
    uint64_t offset, length;
} cases[] = {
    { "bytes=0-0", 1, 0, 1 },
    { "bytes=0-999", 1, 0, 1000 },
    { "bytes=0-1000", 1, 0, 1000 },
    { "Bytes=999-", 1, 999, 1 },
    { "bytes=5-", 1, 5, 995 },
    { "bytes=-1", 1, 999, 1 },
    { "bytes=-1000", 1, 0, 1000 },
    { "bytes=-5000", 1, 0, 1000 },
    { "bytes=10-18446744073709551615", 1, 10, 990 },
    { "bytes=10-99999999999999999999999", 1, 10, 990 },
    { "bytes=-18446744073709551616", 1, 0, 1000 },
    { "bytes=1000-", -ERANGE, 0, 0 },
    { "bytes=1000-2000", -ERANGE, 0, 0 },
    { "bytes=99999999999999999999-", -ERANGE, 0, 0 },
    { "bytes=-0", -ERANGE, 0, 0 },
    { "", 0, 0, 0 },
    { "bytes=", 0, 0, 0 },
    { "bytes=-", 0, 0, 0 },
    { "bytes=5", 0, 0, 0 },
    { "bytes=5-4", 0, 0, 0 },
    { "bytes=0-1,3-4", 0, 0, 0 },
    { "bytes= 0-1", 0, 0, 0 },
    { "bytes=0-1 ", 0, 0, 0 },
    { "bytes=--1", 0, 0, 0 },
    { "bytes=0x1-2", 0, 0, 0 },
    { "lines=0-1", 0, 0, 0 },
    { "bytes", 0, 0, 0 },
};

START_TEST(one_range_of_bytes)
{
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        uint64_t offset = 0, length = 0;

        ck_assert_msg(range_parse(cases[i].text, 1000, &offset, &length) == cases[i].r, "%s", cases[i].text);
        ck_assert_msg(offset == cases[i].offset && length == cases[i].length, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(nothing_has_no_part)
{
    uint64_t offset = 7, length = 7;

    ck_assert_int_eq(range_parse("bytes=0-", 0, &offset, &length), -ERANGE);
    ck_assert_int_eq(range_parse("bytes=-1", 0, &offset, &length), -ERANGE);
    ck_assert_uint_eq(offset + length, 14);
}
END_TEST

SUITE(range)
{
    tcase_add_test(tests, one_range_of_bytes);
    tcase_add_test(tests, nothing_has_no_part);
}
