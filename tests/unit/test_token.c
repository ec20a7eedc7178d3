/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/token.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <sodium.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const time_t now = 1700000000;
static const struct claims standard_claims = {
    .account_id = 42,
    .jti = "00112233445566778899aabbccddeeff",
    .issued_at = 1700000000,
    .expires_at = 1700003600,
};

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

/* A token of any header and claims, signed as HS256 with the access key: what a forger who had the key could make, so
 * that each check beyond the signature is seen at work alone. */
static char *forge(void *ctx, const struct keys *keys, const char *header, const char *payload)
{
    char *text = FORMAT(ctx, "%s.%s", base64(ctx, header, strlen(header)), base64(ctx, payload, strlen(payload)));
    unsigned char mac[crypto_auth_hmacsha256_BYTES];

    crypto_auth_hmacsha256(mac, (const unsigned char *)text, strlen(text), keys->access);
    return FORMAT(ctx, "%s.%s", text, base64(ctx, mac, sizeof mac));
}

#define JTI "\"jti\":\"00112233445566778899aabbccddeeff\","
#define WHO "\"iss\":\"millrace\",\"aud\":\"figureforge\",\"typ\":\"access\","
#define TIMES "\"iat\":1700000000,\"exp\":1700003600"

static int verify(const struct keys *keys, const char *text, time_t at)
{
    struct claims claims, untouched;
    int r;

    memset(&untouched, 0x5a, sizeof untouched);
    memset(&claims, 0x5a, sizeof claims);
    r = token_verify(keys, TOKEN_ACCESS, "figureforge", text, at, &claims);
    ck_assert_int_eq(r < 0, !memcmp(&claims, &untouched, sizeof claims));
    return r;
}

START_TEST(keys_differ_by_purpose_and_by_secret)
{
    struct keys keys = keys_of(secret), same = keys_of(secret), other = keys_of("0123456789abcdef0123456789abcdeF");

    ck_assert_mem_eq(&keys, &same, offsetof(struct keys, kid));
    ck_assert_str_eq(keys.kid, same.kid);
    ck_assert_mem_ne(keys.access, keys.refresh, KEY_BYTES);
    ck_assert_mem_ne(keys.link, keys.code, KEY_BYTES);
    ck_assert_mem_ne(keys.access, other.access, KEY_BYTES);
    ck_assert_str_ne(keys.kid, other.kid);
    ck_assert_uint_eq(strspn(keys.kid, "0123456789abcdef"), 8);
    ck_assert_int_eq(keys_derive("0123456789abcdef0123456789abcde", &other), -EINVAL);
}
END_TEST

START_TEST(a_token_gives_back_its_claims)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    struct claims claims;
    char *access = token_sign(ctx, &keys, TOKEN_ACCESS, "figureforge", &standard_claims);
    char *refresh = token_sign(ctx, &keys, TOKEN_REFRESH, "figureforge", &standard_claims);

    ck_assert_int_eq(token_verify(&keys, TOKEN_ACCESS, "figureforge", access, now, &claims), 0);
    ck_assert_int_eq(claims.account_id, 42);
    ck_assert_str_eq(claims.jti, standard_claims.jti);
    ck_assert_int_eq(claims.issued_at, now);
    ck_assert_int_eq(claims.expires_at, now + 3600);
    ck_assert_int_eq(token_verify(&keys, TOKEN_REFRESH, "figureforge", refresh, now, &claims), 0);
    ck_assert_int_eq(token_verify(&keys, TOKEN_REFRESH, "figureforge", access, now, &claims), -EINVAL);
    ck_assert_int_eq(verify(&keys, refresh, now), -EINVAL);
    ck_assert_int_eq(token_verify(&keys, TOKEN_ACCESS, "nutrition", access, now, &claims), -EINVAL);
}
END_TEST

START_TEST(a_token_ends)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret), other = keys_of("another secret of 32 bytes or more");
    char *text = token_sign(ctx, &keys, TOKEN_ACCESS, "figureforge", &standard_claims);

    ck_assert_int_eq(verify(&keys, text, now + 3599), 0);
    ck_assert_int_eq(verify(&keys, text, now + 3600), -EKEYEXPIRED);
    ck_assert_int_eq(verify(&keys, text, now - 60), 0);
    ck_assert_int_eq(verify(&keys, text, now - 61), -EINVAL);
    /* Whoever forges one is not told that it would be over. */
    ck_assert_int_eq(verify(&other, text, now + 3600), -EINVAL);
}
END_TEST

static const struct {
    const char *header, *payload; /* after the standard ones' pattern */
    int result;
} shapes[] = {
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}"
    { HEADER, "{" WHO JTI "\"sub\":\"42\"," TIMES "}", 0 },
    { HEADER, "{" WHO JTI "\"sub\":\"42\"," TIMES ",\"nbf\":1700000060}", 0 },
    { HEADER, "{" WHO JTI "\"sub\":\"42\"," TIMES ",\"nbf\":1700000061}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"42\"," TIMES ",\"nbf\":\"1\"}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"42\",\"iat\":1700000000}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"42\",\"exp\":1700003600}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"42\",\"iat\":1700000000,\"exp\":\"1700003600\"}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"42\",\"iat\":1700000000,\"exp\":1e18}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"42\",\"iat\":1700000000,\"exp\":-1}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":42," TIMES "}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"042\"," TIMES "}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"-1\"," TIMES "}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"42x\"," TIMES "}", -EINVAL },
    { HEADER, "{" WHO JTI "\"sub\":\"9223372036854775808\"," TIMES "}", -EINVAL },
    { HEADER, "{" WHO JTI TIMES "}", -EINVAL },
    { HEADER, "{" WHO "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { HEADER, "{" WHO "\"jti\":\"x\",\"sub\":\"42\"," TIMES "}", -EINVAL },
    { HEADER, "{\"aud\":\"figureforge\",\"typ\":\"access\"," JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { HEADER, "{\"iss\":\"x\",\"aud\":\"figureforge\",\"typ\":\"access\"," JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { HEADER, "{\"iss\":\"millrace\",\"aud\":[\"figureforge\"],\"typ\":\"access\"," JTI "\"sub\":\"42\"," TIMES "}",
      -EINVAL },
    { HEADER, "{\"iss\":\"millrace\",\"aud\":\"expenses\",\"typ\":\"access\"," JTI "\"sub\":\"42\"," TIMES "}",
      -EINVAL },
    { HEADER, "{\"iss\":\"millrace\",\"aud\":\"figureforge\",\"typ\":\"refresh\"," JTI "\"sub\":\"42\"," TIMES "}",
      -EINVAL },
    { HEADER, "{\"iss\":\"millrace\",\"aud\":\"figureforge\"," JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { HEADER, "[]", -EINVAL },
    { HEADER, "", -EINVAL },
    { "{\"alg\":\"HS256\",\"typ\":\"JWT\"}%.0s", "{" WHO JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { "{\"alg\":\"HS256\",\"kid\":\"00000000\"}%.0s", "{" WHO JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { "{\"alg\":\"none\",\"kid\":\"%s\"}", "{" WHO JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { "{\"alg\":\"NONE\",\"kid\":\"%s\"}", "{" WHO JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { "{\"alg\":\"HS512\",\"kid\":\"%s\"}", "{" WHO JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { "{\"alg\":\"RS256\",\"kid\":\"%s\"}", "{" WHO JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { "{\"alg\":\"ES256\",\"kid\":\"%s\"}", "{" WHO JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
    { "{\"kid\":\"%s\"}", "{" WHO JTI "\"sub\":\"42\"," TIMES "}", -EINVAL },
};

START_TEST(each_claim_is_checked)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    char header[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(header, sizeof header, shapes[_i].header, keys.kid);
#pragma GCC diagnostic pop
    ck_assert_int_eq(verify(&keys, forge(ctx, &keys, header, shapes[_i].payload), now), shapes[_i].result);
}
END_TEST

START_TEST(an_unsigned_token_does_not_hold)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    char *header = FORMAT(ctx, "{\"alg\":\"none\",\"kid\":\"%s\"}", keys.kid);
    const char *payload = "{" WHO JTI "\"sub\":\"42\"," TIMES "}";
    char *body = FORMAT(ctx, "%s.%s", base64(ctx, header, strlen(header)), base64(ctx, payload, strlen(payload)));

    ck_assert_int_eq(verify(&keys, body, now), -EINVAL);
    ck_assert_int_eq(verify(&keys, FORMAT(ctx, "%s.", body), now), -EINVAL);
}
END_TEST

START_TEST(a_token_of_another_algorithm_does_not_hold)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    char *header = FORMAT(ctx, "{\"alg\":\"HS512\",\"kid\":\"%s\"}", keys.kid);
    const char *payload = "{" WHO JTI "\"sub\":\"42\"," TIMES "}";
    char *body = FORMAT(ctx, "%s.%s", base64(ctx, header, strlen(header)), base64(ctx, payload, strlen(payload)));
    unsigned char mac[crypto_auth_hmacsha512_BYTES];
    crypto_auth_hmacsha512_state state;

    /* Rightly signed, so that only the pinned algorithm refuses it. */
    crypto_auth_hmacsha512_init(&state, keys.access, KEY_BYTES);
    crypto_auth_hmacsha512_update(&state, (const unsigned char *)body, strlen(body));
    crypto_auth_hmacsha512_final(&state, mac);
    ck_assert_int_eq(verify(&keys, FORMAT(ctx, "%s.%s", body, base64(ctx, mac, sizeof mac)), now), -EINVAL);
}
END_TEST

START_TEST(a_cut_or_changed_token_does_not_hold)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    char *text = token_sign(ctx, &keys, TOKEN_ACCESS, "figureforge", &standard_claims);
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        char keep = text[i];
        text[i] = '\0';
        ck_assert_int_eq(verify(&keys, text, now), -EINVAL);
        text[i] = keep == 'A' ? 'B' : 'A';
        ck_assert_int_eq(verify(&keys, text, now), -EINVAL);
        text[i] = keep;
    }
    ck_assert_int_eq(verify(&keys, FORMAT(ctx, "%sA", text), now), -EINVAL);
    ck_assert_int_eq(verify(&keys, FORMAT(ctx, "%s.%s", text, text), now), -EINVAL);
    ck_assert_int_eq(verify(&keys, text, now), 0);
}
END_TEST

START_TEST(an_oversized_token_is_not_looked_at)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_of(secret);
    char *filler = talloc_zero_size(ctx, 4096), *text;
    char *header = FORMAT(ctx, HEADER, keys.kid);

    memset(filler, 'x', 2000);
    text = forge(ctx, &keys, header, FORMAT(ctx, "{" WHO JTI "\"sub\":\"42\",\"x\":\"%s\"," TIMES "}", filler));
    ck_assert_int_eq(verify(&keys, text, now), 0);
    memset(filler, 'x', 3000);
    text = forge(ctx, &keys, header, FORMAT(ctx, "{" WHO JTI "\"sub\":\"42\",\"x\":\"%s\"," TIMES "}", filler));
    ck_assert_uint_gt(strlen(text), 4096);
    ck_assert_int_eq(verify(&keys, text, now), -EINVAL);
}
END_TEST

START_TEST(codes_are_digits_of_all_kinds)
{
    int seen[10] = { 0 };
    char code[16];

    for (int i = 0; i < 1000; i++) {
        code_make(15, code);
        ck_assert_uint_eq(strspn(code, "0123456789"), 15);
        ck_assert_uint_eq(strlen(code), 15);
        for (const char *p = code; *p; p++)
            seen[*p - '0']++;
    }
    /* 15,000 digits, 1,500 each: 300 off would be eight standard deviations. */
    for (int i = 0; i < 10; i++)
        ck_assert_int_le(abs(seen[i] - 1500), 300);
}
END_TEST

START_TEST(a_digest_belongs_to_its_parts)
{
    struct keys keys = keys_of(secret), other = keys_of("another secret of 32 bytes or more");
    char digest[DIGEST_HEX + 1], second[DIGEST_HEX + 1];

    code_digest(&keys, "sign_in", "figureforge", "ann@b.example", "123456", digest);
    ck_assert_uint_eq(strspn(digest, "0123456789abcdef"), DIGEST_HEX);
    code_digest(&keys, "sign_in", "figureforge", "Ann@B.example", "123456", second);
    ck_assert_str_eq(digest, second);
    code_digest(&other, "sign_in", "figureforge", "ann@b.example", "123456", second);
    ck_assert_str_ne(digest, second);
    code_digest(&keys, "sign_in", "figureforge", "ann@b.example1", "23456", second);
    ck_assert_str_ne(digest, second);
    code_digest(&keys, "sign_infigureforge", "", "ann@b.example", "123456", second);
    ck_assert_str_ne(digest, second);
    code_digest(&keys, "sign_up", "figureforge", "ann@b.example", "123456", second);
    ck_assert_str_ne(digest, second);
}
END_TEST

START_TEST(a_jti_is_new_each_time)
{
    char first[JTI_HEX + 1], second[JTI_HEX + 1];

    token_jti(first);
    token_jti(second);
    ck_assert_uint_eq(strspn(first, "0123456789abcdef"), JTI_HEX);
    ck_assert_str_ne(first, second);
}
END_TEST

SUITE(token)
{
    tcase_add_test(tests, keys_differ_by_purpose_and_by_secret);
    tcase_add_test(tests, a_token_gives_back_its_claims);
    tcase_add_test(tests, a_token_ends);
    tcase_add_loop_test(tests, each_claim_is_checked, 0, ELEMENTS(shapes));
    tcase_add_test(tests, an_unsigned_token_does_not_hold);
    tcase_add_test(tests, a_token_of_another_algorithm_does_not_hold);
    tcase_add_test(tests, a_cut_or_changed_token_does_not_hold);
    tcase_add_test(tests, an_oversized_token_is_not_looked_at);
    tcase_add_test(tests, codes_are_digits_of_all_kinds);
    tcase_add_test(tests, a_digest_belongs_to_its_parts);
    tcase_add_test(tests, a_jti_is_new_each_time);
}
