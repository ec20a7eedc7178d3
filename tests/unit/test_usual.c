/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/steps/job_news.h"
#include "fcgi/usual.h"
#include "queue/counters.h"
#include "tests/unit/suite.h"
#include <string.h>

enum { BUCKETS = 22 };

START_TEST(buckets_are_as_many_as_the_queue_has)
{
    int n = 0;

    while (counters_bounds[n])
        n++;
    ck_assert_int_eq(n + 1, BUCKETS);
}
END_TEST

/* Bounds: 1, 2, 5, 10, 20, 50, 100, ... */
static const struct {
    long long counts[BUCKETS], median;
} medians[] = {
    { { 0 }, -1 },
    { { [0] = 1 }, 1 },
    { { [3] = 1 }, 10 },
    { { [3] = 100 }, 7 },
    { { [3] = 10, [6] = 10 }, 10 },
    { { [3] = 10, [6] = 30 }, 66 },
    { { [0] = 1, [3] = 1, [20] = 1 }, 10 },
    { { [BUCKETS - 1] = 5 }, 21600000 },
    { { [0] = -5, [1] = 2 }, -1 },
};

START_TEST(the_median_lies_in_its_bucket)
{
    ck_assert_int_eq(usual_median(medians[_i].counts), medians[_i].median);
}
END_TEST

static const struct {
    long long usual, elapsed;
    int seconds;
} lefts[] = {
    { 0, 0, 1 },          { 1, 0, 1 },       { 1000, 0, 1 },       { 1001, 0, 2 },
    { 9000, 2500, 7 },    { 9000, 9000, 1 }, { 9000, 20000, 2 },   { 9000, 300000, 30 },
    { 9000, 900000, 60 }, { 600000, 0, 60 }, { 90000, 45000, 45 },
};

START_TEST(what_is_left_is_told_in_bounds)
{
    ck_assert_int_eq(usual_left(lefts[_i].usual, lefts[_i].elapsed), lefts[_i].seconds);
}
END_TEST

static const struct {
    const char *text;
    bool good;
} keys[] = {
    { "0190a5f0-1234-7000-8000-00000000abcd", true },
    { "0190A5F0-1234-7000-8000-00000000ABCD", true },
    { "", false },
    { "0190a5f0-1234-7000-8000-00000000abc", false },
    { "0190a5f0-1234-7000-8000-00000000abcde", false },
    { "0190a5f0x1234-7000-8000-00000000abcd", false },
    { "0190a5f0123470008000000000000000abcd", false },
    { "------------------------------------", false },
    { "0190a5f0-1234-7000-8000-00000000abcg", false },
};

START_TEST(keys_are_ids)
{
    unsigned char key[JOB_KEY_SIZE];

    ck_assert(job_key_read(keys[_i].text, strlen(keys[_i].text), key) == keys[_i].good);
    if (keys[_i].good)
        ck_assert_mem_eq(key, "\x01\x90\xa5\xf0\x12\x34\x70\x00\x80\x00\x00\x00\x00\x00\xab\xcd", JOB_KEY_SIZE);
}
END_TEST

#define LOOP(test, table) tcase_add_loop_test(tests, test, 0, (int)(sizeof table / sizeof *table))

SUITE(usual)
{
    tcase_add_test(tests, buckets_are_as_many_as_the_queue_has);
    LOOP(the_median_lies_in_its_bucket, medians);
    LOOP(what_is_left_is_told_in_bounds, lefts);
    LOOP(keys_are_ids, keys);
}
