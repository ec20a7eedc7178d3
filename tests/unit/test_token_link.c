/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/token.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <sodium.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const time_t now = 1700000000;

static struct keys keys_of(const char *text)
{
    struct keys keys;
    ck_assert_int_eq(keys_derive(text, &keys), 0);
    return keys;
}

/* payload signed by the pads, as SQL does it: PAYLOAD.MAC on ctx. */
static char *signed_by_pads(void *ctx, const struct keys *keys, const char *payload)
{
    char inner[LINK_PAD_SIZE], outer[LINK_PAD_SIZE], hex[65];
    unsigned char digest[32];
    crypto_hash_sha256_state state;

    link_pads(keys, inner, outer);
    ck_assert_uint_eq(strlen(inner), 64);
    ck_assert_uint_eq(strlen(outer), 64);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)inner, 64);
    crypto_hash_sha256_update(&state, (const unsigned char *)payload, strlen(payload));
    crypto_hash_sha256_final(&state, digest);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)outer, 64);
    crypto_hash_sha256_update(&state, digest, sizeof digest);
    crypto_hash_sha256_final(&state, digest);
    return FORMAT(ctx, "%s.%s", payload, sodium_bin2hex(hex, sizeof hex, digest, sizeof digest));
}

static const struct link standard_link = {
    .product = "figureforge",
    .file_id = 7,
    .generation = 3,
    .expires_at = 1700003600,
    .attachment = true,
};

START_TEST(a_link_gives_back_what_it_says)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    struct link link = standard_link, read = { .file_id = 0 };
    char *text = link_sign(ctx, &keys, &link);

    ck_assert_int_eq(link_verify(&keys, text, now, &read), 0);
    ck_assert_str_eq(read.product, "figureforge");
    ck_assert_int_eq(read.file_id, 7);
    ck_assert_int_eq(read.generation, 3);
    ck_assert_int_eq(read.expires_at, 1700003600);
    ck_assert(read.attachment);
    ck_assert_int_eq(strncmp(text, "figureforge:7:3:1700003600:attachment.", 38), 0);
    ck_assert_int_eq(link_verify(&keys, text, now + 3600, &read), -EKEYEXPIRED);
    link.expires_at = 0;
    link.attachment = false;
    ck_assert_int_eq(link_verify(&keys, link_sign(ctx, &keys, &link), now + 3600, &read), 0);
    ck_assert(!read.attachment);
}
END_TEST

START_TEST(the_longest_link_fits)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    struct link link = { .product = "abcdefghijklmnopqrstuvwxyz01234",
                         .file_id = INT64_MAX,
                         .generation = INT32_MAX,
                         .expires_at = INT64_MAX,
                         .attachment = true },
                read;

    ck_assert_int_eq(link_verify(&keys, link_sign(ctx, &keys, &link), now, &read), 0);
    ck_assert_str_eq(read.product, link.product);
    ck_assert_int_eq(read.file_id, INT64_MAX);
}
END_TEST

START_TEST(no_byte_of_a_link_may_change)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret), other = keys_of("another secret of 32 bytes or more");
    char *text = link_sign(ctx, &keys, &standard_link);
    size_t length = strlen(text);
    struct link link;

    for (size_t i = 0; i < length; i++) {
        char keep = text[i];
        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            ck_assert_int_eq(link_verify(&keys, text, now, &link), (char)c == keep ? 0 : -EINVAL);
        }
        text[i] = keep;
    }
    ck_assert_int_eq(link_verify(&keys, FORMAT(ctx, "%s=", text), now, &link), -EINVAL);
    ck_assert_int_eq(link_verify(&keys, FORMAT(ctx, "%s.", text), now, &link), -EINVAL);
    ck_assert_int_eq(link_verify(&keys, FORMAT(ctx, " %s", text), now, &link), -EINVAL);
    ck_assert_int_eq(link_verify(&other, text, now, &link), -EINVAL);
}
END_TEST

static const char *const other_payloads[] = {
    "figureforge:07:3:1700003600:attachment",
    "figureforge:+7:3:1700003600:attachment",
    "figureforge: 7:3:1700003600:attachment",
    "figureforge:7:3:1700003600:attachmen",
    "figureforge:7:3:1700003600:",
    "figureforge:7:3:1700003600:attachment:",
    "figureforge:7:3:1700003600:attachment\n",
    "figureforge:0:3:1700003600:attachment",
    "figureforge:-7:3:1700003600:attachment",
    "figureforge:7:-1:1700003600:attachment",
    "figureforge:7:2147483648:1700003600:attachment",
    "figureforge:9223372036854775808:3:1700003600:attachment",
    "figureforge:7:3:attachment",
    ":7:3:1700003600:attachment",
    "figureforge",
    "",
    "a-product-whose-name-has-32-bytes:7:3:1700003600:attachment",
};

START_TEST(a_link_has_one_spelling_even_if_rightly_signed)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    const char *payload = other_payloads[_i];
    struct link link;

    ck_assert_int_eq(link_verify(&keys, signed_by_pads(ctx, &keys, payload), now, &link), -EINVAL);
}
END_TEST

START_TEST(the_pads_make_the_same_signature)
{
    autotalloc void *ctx = talloc_new(NULL);

    for (char c = 'a'; c <= 'z'; c++) {
        char other[33] = "0123456789abcdef0123456789abcde";
        struct keys keys;

        other[31] = c;
        keys = keys_of(other);
        ck_assert_str_eq(link_sign(ctx, &keys, &standard_link),
                         signed_by_pads(ctx, &keys, "figureforge:7:3:1700003600:attachment"));
    }
}
END_TEST

SUITE(token_link)
{
    tcase_add_test(tests, a_link_gives_back_what_it_says);
    tcase_add_test(tests, the_longest_link_fits);
    tcase_add_test(tests, no_byte_of_a_link_may_change);
    tcase_add_loop_test(tests, a_link_has_one_spelling_even_if_rightly_signed, 0, ELEMENTS(other_payloads));
    tcase_add_test(tests, the_pads_make_the_same_signature);
}
