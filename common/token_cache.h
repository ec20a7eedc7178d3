/* SPDX-License-Identifier: GPL-3.0-or-later
 * Remembers which tokens have been verified: taking a JWT apart costs more than all else a request needs of the front.
 * What cannot change is remembered (signature, algorithm, issuer, product, type); times are checked on each use, and
 * whether the account and the token still count is the database's word on each request. It keeps digests, no tokens,
 * and has a fixed size. For one thread. */
#ifndef MILLRACE_TOKEN_CACHE_H
#define MILLRACE_TOKEN_CACHE_H
#include "common/token.h"

struct token_cache;
/* keys must outlive it. */
struct token_cache *token_cache_new(void *ctx, const struct keys *keys);
/* As token_verify(). */
int token_cache_verify(struct token_cache *cache, enum token_type type, const char *product, const char *text,
                       time_t now, struct claims *ret);
#endif
