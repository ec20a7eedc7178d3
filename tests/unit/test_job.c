/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "queue/job.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <limits.h>

struct heard {
    int count, last;
};

static void hear(struct job *job, int percent)
{
    struct heard *heard = job->closure;

    heard->count++;
    heard->last = percent;
}

static const struct job_host host = { .progress = hear };

static int free_arguments(struct job *job)
{
    json_decref(job->args);
    return 0;
}

static struct job *job_new(const char *args)
{
    struct job *job = NEW(NULL, struct job);

    job->host = &host;
    job->args = json_loads(args, 0, NULL);
    ck_assert_ptr_nonnull(job->args);
    talloc_set_destructor(job, free_arguments);
    return job;
}

START_TEST(every_kind_is_found_by_its_name)
{
    ck_assert_ptr_nonnull(job_kinds[0].name);
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        ck_assert_ptr_eq(job_kind_find(kind->name), kind);
    ck_assert_ptr_null(job_kind_find("no.such"));
    ck_assert_ptr_null(job_kind_find(""));
    ck_assert_ptr_null(job_kind_find(NULL));
}
END_TEST

START_TEST(release_and_bury_say_how_it_ended)
{
    autotalloc struct job *job = job_new("{}");

    ck_assert_int_lt(job_release(job, 30, "%s is busy (%d)", "model", 503), 0);
    ck_assert_int_eq(job->outcome, JOB_RELEASE);
    ck_assert_int_eq(job->delay, 30);
    ck_assert_str_eq(job->why, "model is busy (503)");
    ck_assert_ptr_eq(talloc_parent(job->why), job);

    ck_assert_int_lt(job_release(job, -1, "again"), 0);
    ck_assert_int_eq(job->delay, -1);

    ck_assert_int_lt(job_bury(job, "no such %s", "image"), 0);
    ck_assert_int_eq(job->outcome, JOB_BURY);
    ck_assert_str_eq(job->why, "no such image");
}
END_TEST

/* A mail server's reply in Latin-1 once kept its job, and with it the whole worker, from ever being settled. */
START_TEST(a_reason_is_text_whatever_a_stranger_said)
{
    autotalloc struct job *job = job_new("{}");

    job_release(job, -1, "550 Adresse ung%cltig\r\n\tok \u00fc%c", 0xfc, 0xe4);
    ck_assert_str_eq(job->why, "550 Adresse ung?ltig?  ok \u00fc?");
}
END_TEST

START_TEST(a_long_reason_is_cut_between_characters)
{
    autotalloc struct job *job = job_new("{}");
    char why[2001];

    for (size_t i = 0; i < 1000; i++)
        memcpy(why + 1 + 2 * i, "\u00e4", 2); /* bytes 999 and 1000 are one character */
    why[0] = 'x';
    why[2000] = '\0';
    job_bury(job, "%s", why);
    ck_assert_uint_eq(strlen(job->why), 999);
    ck_assert_mem_eq(job->why, why, 999);
}
END_TEST

START_TEST(progress_is_told_only_when_it_grew)
{
    static const struct {
        int percent, count, last; /* what is said; what has been heard by then */
    } rows[] = { { 0, 0, -1 },  { -5, 0, -1 }, { 10, 1, 10 },   { 10, 1, 10 },   { 5, 1, 10 },
                 { 11, 2, 11 }, { 99, 3, 99 }, { 101, 4, 100 }, { 100, 4, 100 }, { INT_MAX, 4, 100 } };
    autotalloc struct job *job = job_new("{}");
    struct heard heard = { .last = -1 };

    job->closure = &heard;
    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        job_progress(job, rows[i].percent);
        ck_assert_int_eq(heard.count, rows[i].count);
        ck_assert_int_eq(heard.last, rows[i].last);
    }
}
END_TEST

START_TEST(arguments_are_read_by_type)
{
    static const struct {
        const char *name, *text;
        long long number; /* 77: none */
    } rows[] = {
        { "word", "hello", 77 },
        { "empty", "", 77 },
        { "nothing", NULL, 77 },
        { "missing", NULL, 77 },
        { "count", NULL, 12 },
        { "below", NULL, -3 },
        { "id", "9223372036854775807", LLONG_MAX },
        { "low", "-9223372036854775808", LLONG_MIN },
        { "over", "9223372036854775808", 77 },
        { "spaced", " 12", 77 },
        { "signed", "+12", 77 },
        { "minus", "-", 77 },
        { "mixed", "12px", 77 },
        { "yes", NULL, 1 },
        { "no", NULL, 0 },
        { "real", NULL, 77 },
        { "list", NULL, 77 },
    };
    autotalloc struct job *job =
        job_new("{\"word\":\"hello\",\"empty\":\"\",\"nothing\":null,\"count\":12,\"below\":-3,"
                "\"id\":\"9223372036854775807\",\"low\":\"-9223372036854775808\",\"over\":\"9223372036854775808\","
                "\"spaced\":\" 12\",\"signed\":\"+12\",\"minus\":\"-\",\"mixed\":\"12px\",\"yes\":true,\"no\":false,"
                "\"real\":1.5,\"list\":[1]}");

    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        ck_assert_pstr_eq(job_text(job, rows[i].name), rows[i].text);
        ck_assert_msg(job_number(job, rows[i].name, 77) == rows[i].number, "%s is %lld", rows[i].name,
                      job_number(job, rows[i].name, 77));
    }
}
END_TEST

SUITE(job)
{
    tcase_add_test(tests, every_kind_is_found_by_its_name);
    tcase_add_test(tests, release_and_bury_say_how_it_ended);
    tcase_add_test(tests, a_reason_is_text_whatever_a_stranger_said);
    tcase_add_test(tests, a_long_reason_is_cut_between_characters);
    tcase_add_test(tests, progress_is_told_only_when_it_grew);
    tcase_add_test(tests, arguments_are_read_by_type);
}
