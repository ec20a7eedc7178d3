/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "common/memory.h"
#include "tests/unit/suite.h"

START_TEST(every_error_has_a_name_and_a_status)
{
    ck_assert_ptr_nonnull(error_name((enum error)_i));
    ck_assert_int_eq(error_by_name(error_name((enum error)_i)), _i);
    ck_assert_int_ge(error_status((enum error)_i), _i == E_NONE ? 200 : 400);
    ck_assert_int_lt(error_status((enum error)_i), _i == E_NONE ? 300 : 600);
}
END_TEST

static const struct {
    const char *sqlstate;
    enum error error;
} states[] = {
    { NULL, E_UNAVAILABLE },    { "", E_UNAVAILABLE },      { "MR404", E_NOT_FOUND },   { "MR409", E_CONFLICT },
    { "MR413", E_TOO_LARGE },   { "MR499", E_INTERNAL },    { "MR42R", E_INVALID },     { "23505", E_CONFLICT },
    { "23503", E_INVALID },     { "23514", E_INTERNAL },    { "22P02", E_INVALID },     { "40001", E_UNAVAILABLE },
    { "40P01", E_UNAVAILABLE }, { "57014", E_UNAVAILABLE }, { "57P01", E_UNAVAILABLE }, { "53300", E_UNAVAILABLE },
    { "08006", E_UNAVAILABLE }, { "25006", E_UNAVAILABLE }, { "25P02", E_INTERNAL },    { "42601", E_INTERNAL },
    { "XX000", E_INTERNAL },
};

START_TEST(a_state_means_an_error)
{
    ck_assert_int_eq(error_from_sqlstate(states[_i].sqlstate), states[_i].error);
}
END_TEST

START_TEST(an_unknown_name_is_none)
{
    ck_assert_int_eq(error_by_name("nonsense"), E_NONE);
    ck_assert_int_eq(error_by_name(""), E_NONE);
}
END_TEST

SUITE(error)
{
    tcase_add_loop_test(tests, every_error_has_a_name_and_a_status, 0, E_COUNT);
    tcase_add_loop_test(tests, a_state_means_an_error, 0, ELEMENTS(states));
    tcase_add_test(tests, an_unknown_name_is_none);
}
