/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/seal.h"
#include "tests/unit/suite.h"
#include <errno.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";

#define TEXT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TEXT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int make(void *ctx, const char *master, const char *configured, struct seal_ring **ret, const char **ret_why)
{
    struct keys keys;

    ck_assert_int_eq(keys_derive(master, &keys), 0);
    return seal_ring_new(ctx, configured, &keys, ret, ret_why);
}

static struct seal_ring *ring_of(void *ctx, const char *configured)
{
    struct seal_ring *ring = NULL;
    const char *why = "";

    ck_assert_msg(make(ctx, secret, configured, &ring, &why) == 0, "%s: %s", configured, why);
    return ring;
}

/* Opening fails with the error, a reason, and nothing else. */
static const char *refusal(void *ctx, const struct seal_ring *ring, const char *context, const char *sealed, int error)
{
    char *text = NULL;
    const char *why = NULL;

    ck_assert_msg(seal_open(ctx, ring, context, sealed, &text, &why) == error, "%.80s", sealed);
    ck_assert_ptr_null(text);
    ck_assert_ptr_nonnull(why);
    return why;
}

static void opens(void *ctx, const struct seal_ring *ring, const char *context, const char *sealed, const char *text)
{
    char *opened = NULL;
    const char *why = "";

    ck_assert_msg(seal_open(ctx, ring, context, sealed, &opened, &why) == 0, "%s", why);
    ck_assert_str_eq(opened, text);
}

START_TEST(what_was_sealed_opens)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "first:" TEXT_A);
    static const char *const texts[] = { "", "x", "{\"a\":1}", "\xc3\xa9\xf0\x9f\xa6\x8a \n" };

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        char *sealed = seal_text(ctx, ring, "here", texts[i]);

        ck_assert(seal_is(sealed));
        ck_assert_int_eq(strncmp(sealed, "mrs1.first.", 11), 0);
        ck_assert_uint_eq(strspn(sealed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."),
                          strlen(sealed));
        opens(ctx, ring, "here", sealed, texts[i]);
    }
    ck_assert(!seal_is("mrs1"));
    ck_assert(!seal_is("a text"));
}
END_TEST

START_TEST(a_large_text_opens_and_grows_by_a_third)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "");
    char *text = talloc_size(ctx, 65537), *sealed;

    memset(text, 'x', 65536);
    text[65536] = '\0';
    sealed = seal_text(ctx, ring, "here", text);
    ck_assert_uint_le(strlen(sealed), 65536 / 3 * 4 + 90);
    ck_assert_ptr_null(strstr(sealed, "xxxxxxxx"));
    opens(ctx, ring, "here", sealed, text);
}
END_TEST

START_TEST(the_same_text_is_never_sealed_alike)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "");

    ck_assert_str_ne(seal_text(ctx, ring, "here", "a text"), seal_text(ctx, ring, "here", "a text"));
}
END_TEST

/* Every bit of every byte, so that also what says how it was sealed is bound to what was. */
START_TEST(a_changed_byte_does_not_open)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "a:" TEXT_A ", c:" TEXT_B ", e:" TEXT_A);
    char *sealed = seal_text(ctx, ring, "here", "attack at dawn"), *changed = COPY(ctx, sealed);
    int names = 0;

    for (size_t i = 0; i < strlen(sealed); i++)
        for (int bit = 0; bit < 8; bit++) {
            char *text = NULL;
            const char *why;
            int r;

            changed[i] = (char)(sealed[i] ^ 1 << bit);
            r = seal_open(ctx, ring, "here", changed, &text, &why);
            ck_assert_msg(r == -EINVAL || r == -ENOKEY || r == -EBADMSG, "byte %zu bit %d: %d", i, bit, r);
            ck_assert_ptr_null(text);
            names += r == -EBADMSG && i == 5;
            changed[i] = sealed[i];
        }
    ck_assert_int_eq(names, 2); /* another key's name: also when that key is the same one */
    opens(ctx, ring, "here", changed, "attack at dawn");
}
END_TEST

START_TEST(a_cut_or_longer_text_does_not_open)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "a:" TEXT_A);
    char *sealed = seal_text(ctx, ring, "here", "attack at dawn");
    static const char *const tails[] = { "A", "=", " ", "\n", ".", "AAAA" };

    for (size_t n = 0; n < strlen(sealed); n++) {
        char *text = NULL;
        const char *why;

        ck_assert_int_lt(seal_open(ctx, ring, "here", talloc_strndup(ctx, sealed, n), &text, &why), 0);
        ck_assert_ptr_null(text);
    }
    for (size_t i = 0; i < ELEMENTS(tails); i++) {
        char *text = NULL;
        const char *why;

        ck_assert_int_lt(seal_open(ctx, ring, "here", FORMAT(ctx, "%s%s", sealed, tails[i]), &text, &why), 0);
    }
    refusal(ctx, ring, "here", "mrs1.a.", -EINVAL);
    refusal(ctx, ring, "here", "mrs1..AAAA", -EINVAL);
    refusal(ctx, ring, "here", "mrs1.a", -EINVAL);
    refusal(ctx, ring, "here", "mrs2.a.AAAA", -EINVAL);
    refusal(ctx, ring, "here", "mrs1.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.AAAA", -EINVAL);
}
END_TEST

START_TEST(it_opens_in_its_own_place_only)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = ring_of(ctx, "a:" TEXT_A);
    char *sealed = seal_text(ctx, ring, "job mail.send token", "attack at dawn");
    static const char *const elsewhere[] = { "", "job mail.send", "job mail.send token ", "job mail.send tokem" };

    for (size_t i = 0; i < ELEMENTS(elsewhere); i++)
        ck_assert_str_eq(refusal(ctx, ring, elsewhere[i], sealed, -EBADMSG),
                         "it was altered, sealed for another place, or with another key of the name a");
    opens(ctx, ring, "job mail.send token", sealed, "attack at dawn");
}
END_TEST

START_TEST(a_ring_that_is_freed_leaves_nothing_behind)
{
    autotalloc void *ctx = talloc_new(NULL);

    talloc_free(ring_of(ctx, "new:" TEXT_A ", old:" TEXT_B));
    ck_assert_uint_eq(talloc_total_blocks(ctx), 1);
}
END_TEST

START_TEST(keys_are_rotated)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *none = ring_of(ctx, ""), *a = ring_of(ctx, "a:" TEXT_A),
                     *both = ring_of(ctx, " b:" TEXT_B " ,\ta:" TEXT_A), *b = ring_of(ctx, "b:" TEXT_B);
    char *by_secret = seal_text(ctx, none, "here", "one"), *by_a = seal_text(ctx, a, "here", "two"),
         *by_b = seal_text(ctx, both, "here", "three");

    ck_assert_int_eq(strncmp(by_b, "mrs1.b.", 7), 0);
    opens(ctx, both, "here", by_secret, "one");
    opens(ctx, both, "here", by_a, "two");
    opens(ctx, both, "here", by_b, "three");
    opens(ctx, b, "here", by_secret, "one");
    opens(ctx, b, "here", by_b, "three");
    ck_assert_str_eq(refusal(ctx, b, "here", by_a, -ENOKEY), "the key a is not configured (seal.keys)");
    ck_assert_str_eq(refusal(ctx, a, "here", by_b, -ENOKEY), "the key b is not configured (seal.keys)");
    refusal(ctx, ring_of(ctx, "a:" TEXT_B), "here", by_a, -EBADMSG);
}
END_TEST

/* The secret itself is changed: its old text, under the name its key had, goes on opening. */
START_TEST(a_former_secret_is_a_key)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *after;
    char *sealed = seal_text(ctx, ring_of(ctx, ""), "here", "attack at dawn");
    const char *kid = sealed + 5, *why, *entry = FORMAT(ctx, "%.*s:%s", (int)strcspn(kid, "."), kid, secret);

    ck_assert_int_eq(strncmp(kid, "secret-", 7), 0);
    opens(ctx, ring_of(ctx, entry), "here", sealed, "attack at dawn"); /* configured ahead of the change */
    ck_assert_int_eq(make(ctx, TEXT_A, "", &after, &why), 0);
    refusal(ctx, after, "here", sealed, -ENOKEY);
    ck_assert_int_eq(make(ctx, TEXT_A, FORMAT(ctx, "b:" TEXT_B ",%s", entry), &after, &why), 0);
    opens(ctx, after, "here", sealed, "attack at dawn");
}
END_TEST

START_TEST(text_of_any_kind_makes_a_key)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *hex = ring_of(ctx, "h:" HEX), *colons = ring_of(ctx, "c:a text: with blanks and 32 bytes or so");

    opens(ctx, hex, "", seal_text(ctx, hex, "", "x"), "x");
    opens(ctx, colons, "", seal_text(ctx, colons, "", "x"), "x");
}
END_TEST

#define NAMELESS " is not of the form NAME:TEXT, with a name of letters, digits, - and _ (32 at most)"
static const struct {
    const char *configured, *why;
} refused[] = {
    { TEXT_A, "key 1" NAMELESS },
    { ":" TEXT_A, "key 1" NAMELESS },
    { ",", "key 1" NAMELESS },
    { "a:" TEXT_A ",", "key 2" NAMELESS },
    { "a:" TEXT_A ",b c:" TEXT_B, "key 2" NAMELESS },
    { "a.b:" TEXT_A, "key 1" NAMELESS },
    { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:" TEXT_A, "key 1" NAMELESS },
    { "a:short", "the key a must have 32 bytes or more (openssl rand -hex 32)" },
    { "a:", "the key a must have 32 bytes or more (openssl rand -hex 32)" },
    { "a:" TEXT_A ",a:" TEXT_B, "the key a is there twice" },
};

START_TEST(what_is_no_list_of_keys_is_refused)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct seal_ring *ring = NULL;
    const char *why = NULL;

    ck_assert_int_eq(make(ctx, secret, refused[_i].configured, &ring, &why), -EINVAL);
    ck_assert_ptr_null(ring);
    ck_assert_str_eq(why, refused[_i].why);
}
END_TEST

START_TEST(the_secrets_name_is_its_own)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *sealed = seal_text(ctx, ring_of(ctx, ""), "here", "x");
    const char *why, *kid = talloc_strndup(ctx, sealed + 5, strcspn(sealed + 5, "."));
    struct seal_ring *ring = NULL;

    ck_assert_int_eq(make(ctx, secret, FORMAT(ctx, "%s:" TEXT_A, kid), &ring, &why), -EINVAL);
    ck_assert_str_eq(why, FORMAT(ctx, "the key %s has the name of the configured secret's key and is another", kid));
}
END_TEST

SUITE(seal)
{
    tcase_add_test(tests, what_was_sealed_opens);
    tcase_add_test(tests, a_large_text_opens_and_grows_by_a_third);
    tcase_add_test(tests, the_same_text_is_never_sealed_alike);
    tcase_add_test(tests, a_changed_byte_does_not_open);
    tcase_add_test(tests, a_cut_or_longer_text_does_not_open);
    tcase_add_test(tests, it_opens_in_its_own_place_only);
    tcase_add_test(tests, a_ring_that_is_freed_leaves_nothing_behind);
    tcase_add_test(tests, keys_are_rotated);
    tcase_add_test(tests, a_former_secret_is_a_key);
    tcase_add_test(tests, text_of_any_kind_makes_a_key);
    tcase_add_loop_test(tests, what_is_no_list_of_keys_is_refused, 0, ELEMENTS(refused));
    tcase_add_test(tests, the_secrets_name_is_its_own);
}
