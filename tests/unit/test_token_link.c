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

/* base64url of text, on ctx. */
static char *base64(void *ctx, const void *bytes, size_t size)
{
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = talloc_size(ctx, room);
    return sodium_bin2base64(text, room, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
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
    char *text = link_sign(ctx, &keys, &link), payload[128];
    size_t n;

    ck_assert_int_eq(link_verify(&keys, text, now, &read), 0);
    ck_assert_str_eq(read.product, "figureforge");
    ck_assert_int_eq(read.file_id, 7);
    ck_assert_int_eq(read.generation, 3);
    ck_assert_int_eq(read.expires_at, 1700003600);
    ck_assert(read.attachment);
    ck_assert_int_eq(sodium_base642bin((unsigned char *)payload, sizeof payload, text, strcspn(text, "."), NULL, &n,
                                       NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    payload[n] = '\0';
    ck_assert_str_eq(payload, "figureforge:7:3:1700003600:attachment");
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
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    struct link link;

    crypto_auth_hmacsha256(mac, (const unsigned char *)payload, strlen(payload), keys.link);
    ck_assert_int_eq(
        link_verify(&keys, FORMAT(ctx, "%s.%s", base64(ctx, payload, strlen(payload)), base64(ctx, mac, sizeof mac)),
                    now, &link),
        -EINVAL);
}
END_TEST

static void sha256_of(const char *pad_hex, const void *bytes, size_t size, unsigned char digest[32])
{
    unsigned char pad[64];
    crypto_hash_sha256_state state;
    size_t n;

    ck_assert_int_eq(sodium_hex2bin(pad, sizeof pad, pad_hex, strlen(pad_hex), NULL, &n, NULL), 0);
    ck_assert_uint_eq(n, sizeof pad);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, pad, sizeof pad);
    crypto_hash_sha256_update(&state, bytes, size);
    crypto_hash_sha256_final(&state, digest);
}

START_TEST(the_pads_make_the_same_signature)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    const char *payload = "figureforge:7:3:1700003600:attachment";
    char inner[129], outer[129];
    unsigned char digest[32];
    char *text = link_sign(ctx, &keys, &standard_link);

    link_pads(&keys, inner, outer);
    sha256_of(inner, payload, strlen(payload), digest);
    sha256_of(outer, digest, sizeof digest, digest);
    ck_assert_str_eq(strchr(text, '.') + 1, base64(ctx, digest, sizeof digest));
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
