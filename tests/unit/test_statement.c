/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/statement.h"
#include "tests/unit/suite.h"
#include <errno.h>

/* SQL, what the server gets, and the names in the order of their numbers. */
static const struct {
    const char *sql, *text, *names;
} cases[] = {
    { "select 1", "select 1", "" },
    { "", "", "" },
    { "select :a, :b_2, :a", "select $1, $2, $1", "a b_2 " },
    { ":a:b", "$1$2", "a b " },
    { "select :a::text, x::int", "select $1::text, x::int", "a " },
    { "select ':a', :b", "select ':a', $1", "b " },
    { "select 'it''s :a', :b", "select 'it''s :a', $1", "b " },
    { "select \"a :b\", :c", "select \"a :b\", $1", "c " },
    { "-- :a\nselect :b -- :c", "-- :a\nselect $1 -- :c", "b " },
    { "/* :a */ :b /* :c", "/* :a */ $1 /* :c", "b " },
    { "/* :a /* :b */ :c */ :d", "/* :a /* :b */ :c */ $1", "d " },
    { "/*/ :a */ :b", "/*/ :a */ $1", "b " },
    { "select 4 / 2 * :a", "select 4 / 2 * $1", "a " },
    { "select $$ :a ' $$, :b", "select $$ :a ' $$, $1", "b " },
    { "select $x$ :a $$ :b $x$, :c", "select $x$ :a $$ :b $x$, $1", "c " },
    { "select $_1$ :a $x$ $_1$ || :c", "select $_1$ :a $x$ $_1$ || $1", "c " },
    { "select $$ :a", "select $$ :a", "" },
    { "select a$b$ :c", "select a$b$ $1", "c " },
    { "select E'it\\'s :a', :b", "select E'it\\'s :a', $1", "b " },
    { "select e'\\\\', :b", "select e'\\\\', $1", "b " },
    { "select 'x\\', :b", "select 'x\\', $1", "b " },
    { "select name'x', :b", "select name'x', $1", "b " },
    { "select 'never ends :a", "select 'never ends :a", "" },
    { "select a[1:2], b := 3, ':', :c", "select a[1:2], b := 3, ':', $1", "c " },
    { "select : a, :1, :", "select : a, :1, :", "" },
    { "x->>'a:b' = :key", "x->>'a:b' = $1", "key " },
};

START_TEST(names_become_numbers_outside_of_literals)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct sql sql = { .name = "test/case", .text = cases[_i].sql };
    struct statement *statement;
    char *names = COPY(ctx, "");

    ck_assert_int_eq(statement_compile(ctx, &sql, &statement), 0);
    for (int i = 0; i < statement->count; i++)
        names = memory_check(talloc_asprintf_append(names, "%s ", statement->names[i]));
    ck_assert_str_eq(statement->text, cases[_i].text);
    ck_assert_str_eq(names, cases[_i].names);
    ck_assert_str_eq(statement->name, "test/case");
}
END_TEST

/* "select :n0, :n1, ..." */
static char *many(void *ctx, int n)
{
    char *text = COPY(ctx, "select ");
    for (int i = 0; i < n; i++)
        text = memory_check(talloc_asprintf_append(text, "%s:n%d", i ? ", " : "", i));
    return text;
}

START_TEST(parameters_are_bounded)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct sql sql = { .name = "test/many", .text = many(ctx, STATEMENT_PARAMETERS_MAX) };
    struct statement *statement = NULL;

    ck_assert_int_eq(statement_compile(ctx, &sql, &statement), 0);
    ck_assert_int_eq(statement->count, STATEMENT_PARAMETERS_MAX);
    ck_assert_ptr_nonnull(strstr(statement->text, "$63, $64"));
    statement = NULL;
    sql.text = many(ctx, STATEMENT_PARAMETERS_MAX + 1);
    ck_assert_int_eq(statement_compile(ctx, &sql, &statement), -E2BIG);
    ck_assert_ptr_null(statement);
}
END_TEST

START_TEST(values_are_bound_by_name)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct sql sql = { .name = "test/bind", .text = "select :a, :b, :a" };
    struct statement *statement;
    const char *values[2] = { "", "" }, *missing = NULL;

    ck_assert_int_eq(statement_compile(ctx, &sql, &statement), 0);
    ck_assert_int_eq(statement_bind(statement, PARAMS({ "x", "9" }, { "b", NULL }, { "a", "1" }), values, &missing), 0);
    ck_assert_str_eq(values[0], "1");
    ck_assert_ptr_null(values[1]);
    ck_assert_int_eq(statement_bind(statement, PARAMS({ "a", "1" }), values, &missing), -ENOENT);
    ck_assert_str_eq(missing, "b");
    ck_assert_int_eq(statement_bind(statement, NO_PARAMS, values, &missing), -ENOENT);
    ck_assert_str_eq(missing, "a");
}
END_TEST

SUITE(statement)
{
    tcase_add_loop_test(tests, names_become_numbers_outside_of_literals, 0, ELEMENTS(cases));
    tcase_add_test(tests, parameters_are_bounded);
    tcase_add_test(tests, values_are_bound_by_name);
}
