/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/sms_text.h"
#include "common/utf8.h"
#include "tests/unit/suite.h"

static const struct sms_room usual = { 160, 70 };

START_TEST(units)
{
    static const struct {
        const char *text;
        size_t units;
        bool wide;
    } cases[] = {
        { "", 0, false },      { "Hello", 5, false }, { "a\nb", 3, false }, { "[]", 4, false }, { "5 €", 4, false },
        { "äöü ß", 5, false }, { "¿Qué?", 5, false }, { "ç", 1, true },     { "Ç", 1, false },  { "`", 1, true },
        { "Привет", 6, true }, { "🦊", 2, true },   { "a🦊", 3, true }, { "€ç", 2, true },  { "\t", 1, true },
        { "ΔΦΓ", 3, false },   { "αβγ", 3, true },    { "日本", 2, true },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        bool wide;

        ck_assert_msg(sms_units(cases[i].text, &wide) == cases[i].units, "%s", cases[i].text);
        ck_assert_msg(wide == cases[i].wide, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(plain)
{
    autotalloc void *ctx = talloc_new(NULL);

    ck_assert_str_eq(sms_plain(ctx, " \n“It’s” – 2×2…\t`x`\r\n "), "\"It's\" - 2x2... 'x'");
    ck_assert_str_eq(sms_plain(ctx, "a\x01"
                                    "b\x1b[31m\x7f\xc2\x85"),
                     "ab[31m");
    ck_assert_str_eq(sms_plain(ctx, "a\xff\xc0\xaf"
                                    "b"),
                     "ab");
    ck_assert_str_eq(sms_plain(ctx, "naïve 🦊"), "naïve 🦊");
    ck_assert_str_eq(sms_plain(ctx, " \t\n"), "");
}
END_TEST

/* Pieces hold to the rules, whatever the text. */
static size_t held(void *ctx, const char *text, struct sms_room room, size_t most, const char **pieces)
{
    size_t count = sms_cut(ctx, text, room, most, pieces);

    ck_assert_uint_le(count, most);
    for (size_t i = 0; i < count; i++) {
        bool wide;
        size_t taken = sms_units(pieces[i], &wide);

        ck_assert(utf8_check(pieces[i]));
        ck_assert_uint_le(taken, wide ? room.wide : room.common);
        if (count > 1) {
            autotalloc char *place = FORMAT(NULL, "%zu/%zu ", i + 1, count);
            ck_assert_int_eq(strncmp(pieces[i], place, 4), 0);
        }
    }
    return count;
}

static char *repeated(void *ctx, const char *text, size_t times)
{
    char *made = COPY(ctx, "");

    for (size_t i = 0; i < times; i++)
        made = memory_check(talloc_strdup_append(made, text));
    return made;
}

START_TEST(what_fits_is_one)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *pieces[3];

    ck_assert_uint_eq(held(ctx, "", usual, 3, pieces), 0);
    ck_assert_uint_eq(held(ctx, "Hello", usual, 3, pieces), 1);
    ck_assert_str_eq(pieces[0], "Hello");
    ck_assert_uint_eq(held(ctx, repeated(ctx, "x", 160), usual, 3, pieces), 1);
    ck_assert_uint_eq(held(ctx, repeated(ctx, "x", 161), usual, 3, pieces), 2);
    ck_assert_uint_eq(held(ctx, repeated(ctx, "я", 70), usual, 3, pieces), 1);
    ck_assert_uint_eq(held(ctx, repeated(ctx, "я", 71), usual, 3, pieces), 2);
    ck_assert_uint_eq(held(ctx, repeated(ctx, "€", 80), usual, 3, pieces), 1);
    ck_assert_uint_eq(held(ctx, repeated(ctx, "€", 81), usual, 3, pieces), 2);
    ck_assert_uint_eq(held(ctx, repeated(ctx, "🦊", 35), usual, 3, pieces), 1);
    ck_assert_uint_eq(held(ctx, repeated(ctx, "🦊", 36), usual, 3, pieces), 2);
}
END_TEST

START_TEST(words_stay_whole)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *text = repeated(ctx, "eleven byte ", 20), *pieces[3];

    ck_assert_uint_eq(held(ctx, text, usual, 3, pieces), 2);
    for (size_t i = 0; i < 2; i++) {
        const char *last = strrchr(pieces[i], ' ');
        ck_assert_msg(!strcmp(last, " byte") || !strcmp(last, " eleven") || !last[1], "%s", pieces[i]);
    }
    ck_assert_uint_eq(held(ctx, repeated(ctx, "a line\n", 40), usual, 3, pieces), 2);
    ck_assert_ptr_null(strstr(pieces[1], "/2 \n"));
}
END_TEST

START_TEST(nothing_is_lost_before_the_end)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *pieces[3];
    char *text = COPY(ctx, ""), *again = COPY(ctx, "");
    size_t count;

    for (int i = 0; i < 100; i++)
        text = memory_check(talloc_asprintf_append(text, "%sw%d", i ? " " : "", i));
    count = held(ctx, text, usual, 3, pieces);
    ck_assert_uint_eq(count, 3);
    for (size_t i = 0; i < count; i++)
        again = memory_check(talloc_asprintf_append(again, "%s%s", i ? " " : "", pieces[i] + 4));
    ck_assert_str_eq(again, text);
}
END_TEST

START_TEST(what_does_not_fit_is_told)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *pieces[9];
    size_t count = held(ctx, repeated(ctx, "some words ", 200), usual, 3, pieces);

    ck_assert_uint_eq(count, 3);
    ck_assert_ptr_null(strstr(pieces[1], "..."));
    ck_assert_str_eq(pieces[2] + strlen(pieces[2]) - 8, "words...");
    ck_assert_uint_eq(held(ctx, repeated(ctx, "some words ", 200), usual, 1, pieces), 1);
    ck_assert_str_eq(pieces[0] + strlen(pieces[0]) - 3, "...");
    ck_assert_uint_eq(held(ctx, repeated(ctx, "some words ", 2000), (struct sms_room){ 1600, 700 }, 9, pieces), 9);
}
END_TEST

START_TEST(each_piece_has_its_own_alphabet)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *pieces[3];
    char *text = memory_check(talloc_strdup_append(repeated(ctx, "word ", 30), "Привет"));
    bool wide;

    ck_assert_uint_eq(held(ctx, text, usual, 3, pieces), 2);
    sms_units(pieces[0], &wide);
    ck_assert(!wide);
    ck_assert_str_eq(pieces[1], "2/2 Привет");
}
END_TEST

START_TEST(what_hangs_together_is_not_cut)
{
    static const char *const whole[] = { "e\u0301", "👍🏽", "👩\u200d💻", "❤\ufe0f", "🇩🇪" };

    for (size_t i = 0; i < ELEMENTS(whole); i++) {
        autotalloc void *ctx = talloc_new(NULL);
        const char *pieces[9];

        for (size_t shift = 0; shift < 4; shift++) {
            char *text = memory_check(talloc_strdup_append(repeated(ctx, "x", shift), repeated(ctx, whole[i], 60)));
            size_t count = held(ctx, text, usual, 9, pieces);

            for (size_t k = 0; k < count; k++) {
                const char *at = pieces[k] + 4 + (k == 0 ? shift : 0);

                ck_assert_msg(strlen(at) % strlen(whole[i]) == 0, "%s", pieces[k]);
                ck_assert_int_eq(strncmp(at, whole[i], strlen(whole[i])), 0);
            }
        }
    }
}
END_TEST

START_TEST(any_text)
{
    static const char *const bits[] = { "a", "word", " ",      "\n",     "é",      "€", "[",
                                        "я", "🦊", "\u0301", "\u200d", "日本語", "  " };
    const char *pieces[SMS_PIECES_MAX];
    unsigned state = 1;

    for (int round = 0; round < 3000; round++) {
        autotalloc void *ctx = talloc_new(NULL);
        char *text = COPY(ctx, "");

        for (unsigned n = (state = state * 1103515245 + 12345) >> 16 & 511; n > 0; n--)
            text = memory_check(
                talloc_strdup_append(text, bits[((state = state * 1103515245 + 12345) >> 16) % ELEMENTS(bits)]));
        held(ctx, sms_plain(ctx, text), usual, 1 + (unsigned)round % SMS_PIECES_MAX, pieces);
    }
}
END_TEST

SUITE(sms_text)
{
    tcase_add_test(tests, units);
    tcase_add_test(tests, plain);
    tcase_add_test(tests, what_fits_is_one);
    tcase_add_test(tests, words_stay_whole);
    tcase_add_test(tests, nothing_is_lost_before_the_end);
    tcase_add_test(tests, what_does_not_fit_is_told);
    tcase_add_test(tests, each_piece_has_its_own_alphabet);
    tcase_add_test(tests, what_hangs_together_is_not_cut);
    tcase_add_test(tests, any_text);
}
