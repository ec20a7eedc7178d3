/* SPDX-License-Identifier: GPL-3.0-or-later
 * Secrets and what is made of them. Every purpose has a key of its own, derived from the master secret by
 * BLAKE2b (libsodium's crypto_kdf): nothing made for one purpose holds for another. */
#ifndef MILLRACE_TOKEN_H
#define MILLRACE_TOKEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { KEY_BYTES = 32, JTI_HEX = 32, DIGEST_HEX = 64, API_TOKEN_HEX = 40 };

struct keys {
    unsigned char access[KEY_BYTES], refresh[KEY_BYTES], link[KEY_BYTES], code[KEY_BYTES], seal[KEY_BYTES],
        api[KEY_BYTES], cursor[KEY_BYTES];
    char kid[9]; /* names the access and refresh keys in a token's header: eight hex digits */
};

/* secret: the master secret as configured, any text of 32 bytes or more. -EINVAL when it is shorter. */
int keys_derive(const char *secret, struct keys *ret);

/* Access and refresh tokens: JWT, HS256, header kid; claims iss "millrace", aud = product, sub = account id, jti, iat,
 * exp, typ "access" or "refresh" (spec: docs/architecture.md, tokens). */
enum token_type { TOKEN_ACCESS, TOKEN_REFRESH };
struct claims {
    long long account_id;
    char jti[JTI_HEX + 1];
    time_t issued_at, expires_at;
    time_t not_before; /* 0: no such claim; ours have none */
};
/* 128 random bits as 32 hex digits. */
void token_jti(char jti[JTI_HEX + 1]);
/* Sign. The text is on ctx. */
char *token_sign(void *ctx, const struct keys *keys, enum token_type type, const char *product,
                 const struct claims *claims);
/* Check signature, algorithm (HS256 only), kid, iss, aud, typ and times. 0; -EKEYEXPIRED; -EINVAL for all else.
 * At most 4096 bytes are looked at. *ret is untouched on failure. */
int token_verify(const struct keys *keys, enum token_type type, const char *product, const char *text, time_t now,
                 struct claims *ret);
/* The part of token_verify() that depends on the clock, for claims that it gave at some time. */
int claims_check_times(const struct claims *claims, time_t now);

/* Signed links: a payload and its MAC as 64 hex digits, joined by a dot. The payload has the form
 * product:file_id:generation:expires:disposition, all ASCII, numbers in plain decimal, expires in seconds since 1970
 * (0: never), disposition "inline" or "attachment" ("figureforge:7:0:1700003600:inline"). The MAC is the HMAC-SHA256 of
 * the payload's bytes; its key are the 64 letters that spell the derived key, two a byte, from "a" for 0 to "p" for 15,
 * so that its pads are text, which is what SQL can be given; SQL makes the same with file_link() of sql/schema. */
enum { LINK_PAD_SIZE = 65 };
struct link {
    char product[32];
    long long file_id;
    int generation;
    time_t expires_at; /* 0: never */
    bool attachment;
};
char *link_sign(void *ctx, const struct keys *keys, const struct link *link);
/* -EINVAL when forged or malformed, -EKEYEXPIRED when over. */
int link_verify(const struct keys *keys, const char *text, time_t now, struct link *ret);
/* What SQL needs to sign links: the HMAC's inner and outer pads, 64 characters of ASCII each. */
void link_pads(const struct keys *keys, char inner[LINK_PAD_SIZE], char outer[LINK_PAD_SIZE]);

/* API tokens: 40 hex digits that stay the same until the account's generation is raised, and of which nothing is kept.
 * Twelve bytes of the HMAC-SHA256 of product, account and generation, then those two (40 and 24 bits) under a mask that
 * is keyed by the twelve. */
struct api_token {
    long long account_id; /* below 2^40 */
    int generation;       /* below 2^24 */
};
void api_token_make(const struct keys *keys, const char *product, const struct api_token *token,
                    char ret[API_TOKEN_HEX + 1]);
/* -EINVAL when it is none of ours. That its generation is the account's is the database's to say. */
int api_token_verify(const struct keys *keys, const char *product, const char *text, struct api_token *ret);

/* What a page that holds a session must send with calls that change something; session: its JTI_HEX random digits. */
void csrf_token(const struct keys *keys, const char *session, char ret[DIGEST_HEX + 1]);

/* One-time codes. n decimal digits, uniform, from the kernel's generator; n <= 15, and text has n + 1 bytes. */
void code_make(int n, char *text);
/* Keyed HMAC-SHA256 of purpose, product, subject and code, as hex: what the database keeps. subject in lower case. */
void code_digest(const struct keys *keys, const char *purpose, const char *product, const char *subject,
                 const char *code, char ret[DIGEST_HEX + 1]);
#endif
