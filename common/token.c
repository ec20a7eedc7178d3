/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/token.h"
#include "common/memory.h"
#include <errno.h>
#include <jwt.h>
#include <sodium.h>

enum { SECRET_MIN = 32, TOKEN_MAX = 4096, SKEW = 60 };

static const char issuer[] = "millrace";
static const char *const type_names[] = { [TOKEN_ACCESS] = "access", [TOKEN_REFRESH] = "refresh" };

/* Numbers of crypto_kdf's subkeys. They are for ever: another number is another key. */
enum {
    SUBKEY_ACCESS = 1,
    SUBKEY_REFRESH,
    SUBKEY_LINK,
    SUBKEY_CODE,
    SUBKEY_SEAL,
    SUBKEY_KID,
    SUBKEY_API,
    SUBKEY_CURSOR
};

static void derive(unsigned char *key, size_t size, uint64_t number, const unsigned char *master)
{
    static const char context[crypto_kdf_CONTEXTBYTES + 1] = "millrace";
    crypto_kdf_derive_from_key(key, size, number, context, master);
}

/* The configured text becomes a master key by BLAKE2b; each purpose's key is a subkey of that one, and so is the kid:
 * it tells keys apart and says nothing about them. */
int keys_derive(const char *secret, struct keys *ret)
{
    unsigned char master[crypto_kdf_KEYBYTES], kid[crypto_kdf_BYTES_MIN];

    if (strlen(secret) < SECRET_MIN)
        return -EINVAL;
    if (sodium_init() < 0)
        return -EIO;
    crypto_generichash(master, sizeof master, (const unsigned char *)secret, strlen(secret), NULL, 0);
    derive(ret->access, KEY_BYTES, SUBKEY_ACCESS, master);
    derive(ret->refresh, KEY_BYTES, SUBKEY_REFRESH, master);
    derive(ret->link, KEY_BYTES, SUBKEY_LINK, master);
    derive(ret->code, KEY_BYTES, SUBKEY_CODE, master);
    derive(ret->seal, KEY_BYTES, SUBKEY_SEAL, master);
    derive(ret->api, KEY_BYTES, SUBKEY_API, master);
    derive(ret->cursor, KEY_BYTES, SUBKEY_CURSOR, master);
    derive(kid, sizeof kid, SUBKEY_KID, master);
    sodium_bin2hex(ret->kid, sizeof ret->kid, kid, (sizeof ret->kid - 1) / 2);
    sodium_memzero(master, sizeof master);
    return 0;
}

static const unsigned char *key_of(const struct keys *keys, enum token_type type)
{
    return type == TOKEN_ACCESS ? keys->access : keys->refresh;
}

static void jwt_clear(jwt_t **jwt)
{
    jwt_free(*jwt);
}
#define autojwt __attribute__((cleanup(jwt_clear)))

void token_jti(char jti[JTI_HEX + 1])
{
    unsigned char bits[JTI_HEX / 2];
    randombytes_buf(bits, sizeof bits);
    sodium_bin2hex(jti, JTI_HEX + 1, bits, sizeof bits);
}

char *token_sign(void *ctx, const struct keys *keys, enum token_type type, const char *product,
                 const struct claims *claims)
{
    autojwt jwt_t *jwt = NULL;
    autofree char *text = NULL;
    char subject[32];
    int r;

    snprintf(subject, sizeof subject, "%lld", claims->account_id);
    r = jwt_new(&jwt);
    r = r ? r : jwt_set_alg(jwt, JWT_ALG_HS256, key_of(keys, type), KEY_BYTES);
    r = r ? r : jwt_add_header(jwt, "kid", keys->kid);
    r = r ? r : jwt_add_grant(jwt, "iss", issuer);
    r = r ? r : jwt_add_grant(jwt, "aud", product);
    r = r ? r : jwt_add_grant(jwt, "sub", subject);
    r = r ? r : jwt_add_grant(jwt, "jti", claims->jti);
    r = r ? r : jwt_add_grant(jwt, "typ", type_names[type]);
    r = r ? r : jwt_add_grant_int(jwt, "iat", claims->issued_at);
    r = r ? r : jwt_add_grant_int(jwt, "exp", claims->expires_at);
    /* Only memory can be missing, which memory_check() ends. */
    text = r ? NULL : jwt_encode_str(jwt);
    return COPY(ctx, memory_check(text));
}

static bool is(const char *text, const char *expected)
{
    return text && !strcmp(text, expected);
}

/* A decimal number of 1..2^63-1 in its one form. */
static bool parse_positive(const char *text, long long *ret)
{
    char *end;
    long long value;

    if (!text || *text < '1' || *text > '9')
        return false;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || *end)
        return false;
    *ret = value;
    return true;
}

static bool is_jti(const char *jti)
{
    return jti && strlen(jti) == JTI_HEX && strspn(jti, "0123456789abcdef") == JTI_HEX;
}

/* A time among the claims; false when it is there and no whole number, or is not there though it must be. libjwt
 * gives 0 or -1 for a claim of another type, without setting errno; no token of ours is from before 1970. */
static bool time_claim(jwt_t *jwt, const char *name, bool required, time_t missing, time_t *ret)
{
    long value;

    errno = 0;
    value = jwt_get_grant_int(jwt, name);
    if (errno == ENOENT && !required) {
        *ret = missing;
        return true;
    }
    if (errno || value <= 0)
        return false;
    *ret = value;
    return true;
}

int claims_check_times(const struct claims *claims, time_t now)
{
    /* Another machine's clock may be a little ahead. */
    if (claims->issued_at > now + SKEW || claims->not_before > now + SKEW)
        return -EINVAL;
    return claims->expires_at <= now ? -EKEYEXPIRED : 0;
}

/* jwt_decode() has checked the signature, with whatever algorithm the header names, and nothing else. */
static int claims_check(jwt_t *jwt, const struct keys *keys, enum token_type type, const char *product, time_t now,
                        struct claims *ret)
{
    struct claims claims = { 0 };
    int r;

    if (jwt_get_alg(jwt) != JWT_ALG_HS256 || !is(jwt_get_header(jwt, "kid"), keys->kid))
        return -EINVAL;
    if (!is(jwt_get_grant(jwt, "iss"), issuer) || !is(jwt_get_grant(jwt, "aud"), product) ||
        !is(jwt_get_grant(jwt, "typ"), type_names[type]))
        return -EINVAL;
    if (!parse_positive(jwt_get_grant(jwt, "sub"), &claims.account_id) || !is_jti(jwt_get_grant(jwt, "jti")))
        return -EINVAL;
    if (!time_claim(jwt, "iat", true, 0, &claims.issued_at) || !time_claim(jwt, "exp", true, 0, &claims.expires_at) ||
        !time_claim(jwt, "nbf", false, 0, &claims.not_before))
        return -EINVAL;
    r = claims_check_times(&claims, now);
    if (r < 0)
        return r;
    memcpy(claims.jti, jwt_get_grant(jwt, "jti"), JTI_HEX);
    *ret = claims;
    return 0;
}

int token_verify(const struct keys *keys, enum token_type type, const char *product, const char *text, time_t now,
                 struct claims *ret)
{
    autojwt jwt_t *jwt = NULL;

    if (strnlen(text, TOKEN_MAX + 1) > TOKEN_MAX)
        return -EINVAL;
    /* The key has 32 bytes always: with none, jwt_decode() would take an unsigned token. */
    if (jwt_decode(&jwt, text, key_of(keys, type), KEY_BYTES))
        return -EINVAL;
    return claims_check(jwt, keys, type, product, now, ret);
}

void code_make(int n, char *text)
{
    for (int i = 0; i < n; i++)
        text[i] = (char)('0' + randombytes_uniform(10));
    text[n] = '\0';
}

/* Each part goes in with its NUL byte, which no part can contain: no two lists of parts are the same bytes. */
void code_digest(const struct keys *keys, const char *purpose, const char *product, const char *subject,
                 const char *code, char ret[DIGEST_HEX + 1])
{
    autofree char *lower = memory_check(strdup(subject));
    const char *const parts[] = { purpose, product, lower, code };
    unsigned char digest[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;

    for (char *p = lower; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    crypto_auth_hmacsha256_init(&state, keys->code, KEY_BYTES);
    for (size_t i = 0; i < ELEMENTS(parts); i++)
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts[i], strlen(parts[i]) + 1);
    crypto_auth_hmacsha256_final(&state, digest);
    sodium_bin2hex(ret, DIGEST_HEX + 1, digest, sizeof digest);
}
