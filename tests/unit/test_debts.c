/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/expenses/debts.h"
#include "tests/unit/suite.h"
#include <stdlib.h>
#include <string.h>

enum { PEOPLE = 12, PAYMENTS = PEOPLE };

/* Nets with names and the payments that they come to, each ended by an account of 0. */
static const struct {
    const char *what;
    struct debt_net nets[PEOPLE];
    struct debt_payment payments[PAYMENTS];
} cases[] = {
    { "nobody", { { 0 } }, { { 0 } } },
    { "one who is even", { { 1, 0 } }, { { 0 } } },
    { "two", { { 1, -4567 }, { 2, 4567 } }, { { 1, 2, 4567 } } },
    { "the largest pays the largest",
      { { 1, -10 }, { 2, -30 }, { 3, 15 }, { 4, 25 } },
      { { 2, 4, 25 }, { 1, 3, 10 }, { 2, 3, 5 } } },
    { "of equal ones the lower account",
      { { 4, 10 }, { 3, 10 }, { 2, -10 }, { 1, -10 } },
      { { 1, 3, 10 }, { 2, 4, 10 } } },
    { "ranked again after each payment",
      { { 1, -100 }, { 2, -60 }, { 3, 90 }, { 4, 70 } },
      { { 1, 3, 90 }, { 2, 4, 60 }, { 1, 4, 10 } } },
    { "one pays all", { { 1, 5 }, { 2, 5 }, { 9, -10 } }, { { 9, 1, 5 }, { 9, 2, 5 } } },
    { "as much as there is", { { 1, INT64_MIN }, { 2, INT64_MAX }, { 3, 1 } }, { { 1, 2, INT64_MAX }, { 1, 3, 1 } } },
    { "what nobody is owed stays", { { 1, -10 }, { 2, 4 } }, { { 1, 2, 4 } } },
    { "what nobody owes stays", { { 1, -4 }, { 2, 10 } }, { { 1, 2, 4 } } },
};

static size_t count_nets(const struct debt_net *nets)
{
    size_t n = 0;

    while (n < PEOPLE && nets[n].account)
        n++;
    return n;
}

START_TEST(payments_are_as_they_should)
{
    struct debt_net nets[PEOPLE];
    struct debt_payment got[PAYMENTS] = { { 0 } };
    size_t n = count_nets(cases[_i].nets), count;

    memcpy(nets, cases[_i].nets, sizeof nets);
    count = debts_simplify(nets, n, got);
    ck_assert_msg(!memcmp(got, cases[_i].payments, sizeof got), "%s", cases[_i].what);
    ck_assert_uint_le(count, n ? n - 1 : 0);
}
END_TEST

/* Balances that come to zero, of accounts 1 to n. Many are equal, some are nothing, some are enormous. */
static void draw(struct debt_net *nets, size_t n, unsigned *seed)
{
    int64_t spread = (int64_t[]){ 3, 1000, INT64_C(1) << 55 }[rand_r(seed) % 3], sum = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t word = ((int64_t)rand_r(seed) << 31) | rand_r(seed);
        nets[i] = (struct debt_net){ .account = (int64_t)i + 1, .balance = word % (2 * spread + 1) - spread };
        sum += i + 1 < n ? nets[i].balance : 0;
    }
    nets[n - 1].balance = -sum;
}

static void shuffle(struct debt_net *nets, size_t n, unsigned *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)rand_r(seed) % i;
        struct debt_net kept = nets[i - 1];
        nets[i - 1] = nets[other];
        nets[other] = kept;
    }
}

START_TEST(any_nets_are_settled_whatever_their_order)
{
    enum { MOST = 60 };
    unsigned seed = (unsigned)_i;
    size_t n = 1 + (size_t)rand_r(&seed) % MOST, count;
    struct debt_net drawn[MOST], nets[MOST];
    struct debt_payment first[MOST], again[MOST];
    int64_t left[MOST + 1] = { 0 };

    draw(drawn, n, &seed);
    memcpy(nets, drawn, sizeof nets);
    count = debts_simplify(nets, n, first);
    ck_assert_uint_lt(count, n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(nets[i].balance, 0);
        left[drawn[i].account] = drawn[i].balance;
    }
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_gt(first[i].amount, 0);
        ck_assert_int_le(first[i].amount, -left[first[i].from]); /* nobody pays more than he owes */
        ck_assert_int_le(first[i].amount, left[first[i].to]);    /* or gets more than he is owed */
        left[first[i].from] += first[i].amount;
        left[first[i].to] -= first[i].amount;
    }
    for (size_t i = 1; i <= n; i++)
        ck_assert_int_eq(left[i], 0);
    shuffle(drawn, n, &seed);
    ck_assert_uint_eq(debts_simplify(drawn, n, again), count);
    ck_assert_mem_eq(first, again, count * sizeof *first);
}
END_TEST

SUITE(debts)
{
    tcase_add_loop_test(tests, payments_are_as_they_should, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tests, any_nets_are_settled_whatever_their_order, 0, 300);
}
