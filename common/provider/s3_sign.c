/* SPDX-License-Identifier: GPL-3.0-or-later
 * URLs of objects, and their signatures: AWS Signature Version 4 in the query. Calls of our own are signed by curl. */
#include "common/memory.h"
#include "common/provider/s3.h"
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { MAC = crypto_auth_hmacsha256_BYTES, HEX = 2 * MAC + 1, STAMP = sizeof "20130524T000000Z", DAY = 8 };

/* ---- URLs ---- */

/* Encoded as RFC 3986 has it. kept: other characters that stay. */
static char *quote(void *ctx, const char *text, const char *kept)
{
    char *quoted = memory_check(talloc_size(ctx, 3 * strlen(text) + 1)), *to = quoted;

    for (; *text; text++)
        if (isalnum((unsigned char)*text) || strchr("-._~", *text) || strchr(kept, *text))
            *to++ = *text;
        else
            to += snprintf(to, 4, "%%%02X", (unsigned char)*text);
    *to = '\0';
    return quoted;
}

char *s3_quote(void *ctx, const char *text)
{
    return quote(ctx, text, "");
}

/* The host as HTTP's Host header has it: without a port that goes without saying. */
static char *host_of(void *ctx, const struct s3 *s3)
{
    const char *at = strstr(s3->endpoint, "://"), *host = at ? at + 3 : s3->endpoint;
    const char *port = !strncmp(s3->endpoint, "https:", 6) ? ":443" : ":80";
    size_t n = strlen(host), tail = strlen(port);

    if (n > tail && !strcmp(host + n - tail, port))
        n -= tail;
    if (s3->path_style)
        return memory_check(talloc_strndup(ctx, host, n));
    return FORMAT(ctx, "%s.%.*s", s3->bucket, (int)n, host);
}

static char *path_of(void *ctx, const struct s3 *s3, const char *key)
{
    autotalloc char *quoted = quote(NULL, key, "/");

    if (!s3->path_style)
        return FORMAT(ctx, "/%s", quoted);
    return FORMAT(ctx, "/%s%s%s", s3->bucket, *key ? "/" : "", quoted);
}

char *s3_url(void *ctx, const struct s3 *s3, const char *key)
{
    autotalloc void *scratch = talloc_new(NULL);

    return FORMAT(ctx, "%s://%s%s", !strncmp(s3->endpoint, "https:", 6) ? "https" : "http", host_of(scratch, s3),
                  path_of(scratch, s3, key));
}

/* ---- signatures ---- */

static void mac(const void *key, size_t key_length, const char *text, unsigned char ret[MAC])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, key_length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(&state, sizeof state);
}

static void digest(const char *text, char ret[HEX])
{
    unsigned char bytes[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(bytes, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(ret, HEX, bytes, sizeof bytes);
}

/* The key of one day, one region, one service: each step is keyed by what the last one gave. */
static void signing_key(const struct s3 *s3, const char *stamp, unsigned char ret[MAC])
{
    autotalloc char *secret = FORMAT(NULL, "AWS4%s", s3->secret_key);
    const char *const steps[] = { s3->region, "s3", "aws4_request" };
    char day[DAY + 1];

    snprintf(day, sizeof day, "%.*s", DAY, stamp);
    mac(secret, strlen(secret), day, ret);
    for (size_t i = 0; i < ELEMENTS(steps); i++)
        mac(ret, MAC, steps[i], ret);
    sodium_memzero(secret, strlen(secret));
}

static void sign(const struct s3 *s3, const char *stamp, const char *scope, const char *request, char ret[HEX])
{
    unsigned char key[MAC], signature[MAC];
    autotalloc char *text = NULL;
    char hash[HEX];

    digest(request, hash);
    text = FORMAT(NULL, "AWS4-HMAC-SHA256\n%s\n%s\n%s", stamp, scope, hash);
    signing_key(s3, stamp, key);
    mac(key, sizeof key, text, signature);
    sodium_bin2hex(ret, HEX, signature, sizeof signature);
    sodium_memzero(key, sizeof key);
}

/* Sorted by their names, as the signature wants them. */
static char *query_of(void *ctx, const struct s3 *s3, const struct s3_presigned *what, const char *stamp,
                      const char *scope)
{
    const char *credential = s3_quote(ctx, FORMAT(ctx, "%s/%s", s3->access_key, scope));
    char *query = FORMAT(ctx,
                         "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s&X-Amz-Date=%s&X-Amz-Expires=%d&"
                         "X-Amz-SignedHeaders=host",
                         credential, stamp, what->seconds);

    if (what->disposition)
        query = FORMAT(ctx, "%s&response-content-disposition=%s", query, s3_quote(ctx, what->disposition));
    if (what->type)
        query = FORMAT(ctx, "%s&response-content-type=%s", query, s3_quote(ctx, what->type));
    return query;
}

char *s3_presign(void *ctx, const struct s3 *s3, const struct s3_presigned *what)
{
    autotalloc void *scratch = talloc_new(NULL);
    const char *scope, *query, *request;
    char stamp[STAMP], signature[HEX];
    struct tm at;

    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&what->now, &at));
    scope = FORMAT(scratch, "%.*s/%s/s3/aws4_request", DAY, stamp, s3->region);
    query = query_of(scratch, s3, what, stamp, scope);
    request = FORMAT(scratch, "%s\n%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD", what->method,
                     path_of(scratch, s3, what->key), query, host_of(scratch, s3));
    sign(s3, stamp, scope, request, signature);
    return FORMAT(ctx, "%s?%s&X-Amz-Signature=%s", s3_url(scratch, s3, what->key), query, signature);
}
