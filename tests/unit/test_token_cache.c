/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/token_cache.h"
#include "tests/unit/suite.h"
#include <errno.h>

static const time_t now = 1700000000;

static struct keys keys_make(const char *secret)
{
    struct keys keys;
    ck_assert_int_eq(keys_derive(secret, &keys), 0);
    return keys;
}

static struct claims claims_of(long long account_id)
{
    struct claims claims = { .account_id = account_id, .issued_at = now, .expires_at = now + 3600 };
    token_jti(claims.jti);
    return claims;
}

/* What the cache says of an access token of figureforge; on failure it must leave the claims alone. */
static int verify(struct token_cache *cache, const char *text, time_t at, long long account_id)
{
    struct claims claims = { .account_id = -1 };
    int r = token_cache_verify(cache, TOKEN_ACCESS, "figureforge", text, at, &claims);

    ck_assert_int_eq(claims.account_id, r == 0 ? account_id : -1);
    return r;
}

START_TEST(a_remembered_token_gives_the_same_claims)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_make("0123456789abcdef0123456789abcdef");
    struct token_cache *cache = token_cache_new(ctx, &keys);
    struct claims made = claims_of(42), seen;
    const char *text = token_sign(ctx, &keys, TOKEN_ACCESS, "figureforge", &made);

    for (int i = 0; i < 3; i++) {
        memset(&seen, 0x5a, sizeof seen);
        ck_assert_int_eq(token_cache_verify(cache, TOKEN_ACCESS, "figureforge", text, now, &seen), 0);
        ck_assert_int_eq(seen.account_id, 42);
        ck_assert_str_eq(seen.jti, made.jti);
        ck_assert_int_eq(seen.issued_at, made.issued_at);
        ck_assert_int_eq(seen.expires_at, made.expires_at);
    }
}
END_TEST

START_TEST(a_remembered_token_still_ends)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_make("0123456789abcdef0123456789abcdef");
    struct token_cache *cache = token_cache_new(ctx, &keys);
    struct claims made = claims_of(42);
    const char *text = token_sign(ctx, &keys, TOKEN_ACCESS, "figureforge", &made);

    ck_assert_int_eq(verify(cache, text, now + 3599, 42), 0);
    ck_assert_int_eq(verify(cache, text, now + 3600, 42), -EKEYEXPIRED);
    ck_assert_int_eq(verify(cache, text, now - 61, 42), -EINVAL); /* the clock was set back behind its issue */
    ck_assert_int_eq(verify(cache, text, now, 42), 0);
}
END_TEST

START_TEST(a_remembered_token_opens_nothing_else)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_make("0123456789abcdef0123456789abcdef");
    struct token_cache *cache = token_cache_new(ctx, &keys);
    struct claims made = claims_of(42), untouched = { .account_id = -1 };
    char *text = token_sign(ctx, &keys, TOKEN_ACCESS, "figureforge", &made);
    size_t last = strlen(text) - 1;

    ck_assert_int_eq(verify(cache, text, now, 42), 0);
    ck_assert_int_eq(token_cache_verify(cache, TOKEN_ACCESS, "nutrition", text, now, &untouched), -EINVAL);
    ck_assert_int_eq(token_cache_verify(cache, TOKEN_REFRESH, "figureforge", text, now, &untouched), -EINVAL);
    ck_assert_int_eq(untouched.account_id, -1);
    text[last - 4] = text[last - 4] == 'A' ? 'B' : 'A';
    for (int i = 0; i < 2; i++) /* what does not hold is not remembered as holding */
        ck_assert_int_eq(verify(cache, text, now, 42), -EINVAL);
    text[last] = '\0';
    ck_assert_int_eq(verify(cache, text, now, 42), -EINVAL);
    ck_assert_int_eq(verify(cache, "", now, 42), -EINVAL);
}
END_TEST

START_TEST(a_cache_knows_its_own_keys_only)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_make("0123456789abcdef0123456789abcdef"),
                others = keys_make("another secret of 32 bytes or so!");
    struct token_cache *cache = token_cache_new(ctx, &keys), *theirs = token_cache_new(ctx, &others);
    struct claims made = claims_of(42);
    const char *text = token_sign(ctx, &keys, TOKEN_ACCESS, "figureforge", &made);

    ck_assert_int_eq(verify(cache, text, now, 42), 0);
    ck_assert_int_eq(verify(theirs, text, now, 42), -EINVAL);
}
END_TEST

START_TEST(more_tokens_than_it_can_remember)
{
    enum { TOKENS = 5000 };
    autotalloc void *ctx = talloc_new(NULL);
    struct keys keys = keys_make("0123456789abcdef0123456789abcdef");
    struct token_cache *cache = token_cache_new(ctx, &keys);
    size_t size = talloc_total_size(cache);
    char **texts = talloc_array(ctx, char *, TOKENS);

    for (int i = 0; i < TOKENS; i++) {
        struct claims made = claims_of(i + 1);
        texts[i] = token_sign(texts, &keys, TOKEN_ACCESS, "figureforge", &made);
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < TOKENS; i++)
            ck_assert_int_eq(verify(cache, texts[i], now, i + 1), 0);
    ck_assert_uint_eq(talloc_total_size(cache), size);
}
END_TEST

SUITE(token_cache)
{
    tcase_add_test(tests, a_remembered_token_gives_the_same_claims);
    tcase_add_test(tests, a_remembered_token_still_ends);
    tcase_add_test(tests, a_remembered_token_opens_nothing_else);
    tcase_add_test(tests, a_cache_knows_its_own_keys_only);
    tcase_add_test(tests, more_tokens_than_it_can_remember);
}
