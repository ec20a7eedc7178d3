/* SPDX-License-Identifier: GPL-3.0-or-later
 * The words that the columns of reports must have room for. */
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/fenced/report/words.h"
#include <stdbool.h>

static bool is_kept(const struct words *words, const char *text)
{
    for (int i = 0; i < WORDS_KEPT; i++)
        if (words->kept[i].text && !strcmp(words->kept[i].text, text))
            return true;
    return false;
}

static const struct {
    const char *text, *kept[3], *not ;
} cases[] = {
    { "Public transport", { "Public", "transport" }, "Public " },
    { " two  blanks ", { "two", "blanks" }, "" },
    { "long-distance train", { "long-", "distance" }, "long-distance" },
    { "\xc3\x9c"
      "berfahrt",
      { "\xc3\x9c"
        "berfahrt" },
      "berfahrt" },
    { "\xe5\xae\xbf\xe6\xb3\x8a", { "\xe5\xae\xbf", "\xe6\xb3\x8a" }, "\xe5\xae\xbf\xe6\xb3\x8a" },
    { "a 0123456789012345678901234567890123456789x", { "a" }, "0123456789012345678901234567890123456789x" },
};

START_TEST(a_text_is_parted_where_a_line_may_end)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct words words = { 0 };

    words_take(ctx, &words, cases[_i].text);
    for (int i = 0; cases[_i].kept[i]; i++)
        ck_assert_msg(is_kept(&words, cases[_i].kept[i]), "%s", cases[_i].kept[i]);
    ck_assert(!is_kept(&words, cases[_i].not ));
}
END_TEST

START_TEST(the_broadest_stay)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct words words = { 0 };

    words_take(ctx, &words, "");
    ck_assert_ptr_null(words.kept[0].text);
    for (int i = 0; i < 3 * WORDS_KEPT; i++)
        words_take(ctx, &words, FORMAT(ctx, "word%.*s", i, "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    for (int i = 0; i < 3 * WORDS_KEPT; i++)
        ck_assert_int_eq(is_kept(&words, FORMAT(ctx, "word%.*s", i, "aaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
                         i >= 2 * WORDS_KEPT);
    words_take(ctx, &words, "WWWWWWWWWWWWWWWWWWWW lilililililililililililililil");
    ck_assert(is_kept(&words, "WWWWWWWWWWWWWWWWWWWW"));
    ck_assert(!is_kept(&words, "lilililililililililililililil"));
}
END_TEST

SUITE(words)
{
    tcase_add_loop_test(tests, a_text_is_parted_where_a_line_may_end, 0, ELEMENTS(cases));
    tcase_add_test(tests, the_broadest_stay);
}
