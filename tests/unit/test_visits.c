/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/visits.h"
#include "tests/unit/suite.h"

START_TEST(first_in_first_out)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct visits visits;

    visits_init(ctx, &visits, 4);
    for (int i = 0; i < 3; i++)
        visits_add(&visits)->status = 200 + i;
    ck_assert_uint_eq(visits.count, 3);
    visits_drop(&visits, 2);
    ck_assert_uint_eq(visits.count, 1);
    ck_assert_int_eq(visits_at(&visits, 0)->status, 202);
}
END_TEST

START_TEST(what_does_not_fit_is_not_kept)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct visits visits;

    visits_init(ctx, &visits, 4);
    for (int i = 0; i < 4; i++)
        visits_add(&visits)->us = i;
    ck_assert_ptr_null(visits_add(&visits));
    ck_assert_uint_eq(visits.count, 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(visits_at(&visits, i)->us, (int)i);
    visits_drop(&visits, 1);
    ck_assert_ptr_nonnull(visits_add(&visits));
    ck_assert_ptr_null(visits_add(&visits));
}
END_TEST

/* Against a plain queue, for many turns of the ring. */
START_TEST(it_goes_round)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct visits visits;
    int in = 0, out = 0;
    unsigned seed = 7;

    visits_init(ctx, &visits, 16);
    for (int turn = 0; turn < 10000; turn++) {
        unsigned n = (seed = seed * 1103515245 + 12345) >> 16 & 15;

        if (seed >> 30 & 1) {
            for (unsigned i = 0; i < n; i++) {
                struct visit *visit = visits_add(&visits);

                ck_assert_int_eq(visit != NULL, in - out < 16);
                if (visit)
                    visit->us = in++;
            }
        } else {
            n = n < visits.count ? n : visits.count;
            visits_drop(&visits, n);
            out += (int)n;
        }
        ck_assert_int_eq((int)visits.count, in - out);
        for (unsigned i = 0; i < visits.count; i++)
            ck_assert_int_eq(visits_at(&visits, i)->us, out + (int)i);
    }
    ck_assert_int_gt(in, 1000);
}
END_TEST

SUITE(visits)
{
    tcase_add_test(tests, first_in_first_out);
    tcase_add_test(tests, what_does_not_fit_is_not_kept);
    tcase_add_test(tests, it_goes_round);
}
