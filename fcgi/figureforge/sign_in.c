/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/figureforge/figureforge.h"
#include "fcgi/request.h"
#include <sodium.h>

int figureforge_sign_in(struct request *rq)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char code_hex[DIGEST_HEX + 1], refresh_hex[DIGEST_HEX + 1];

    code_digest(request_keys(rq), "signin", rq->product->name, argument(rq, "email"), argument(rq, "code"), code_hex);
    token_jti(rq->refresh_jti);
    crypto_hash_sha256(digest, (const unsigned char *)rq->refresh_jti, JTI_HEX);
    sodium_bin2hex(refresh_hex, sizeof refresh_hex, digest, sizeof digest);
    argument_set(rq, "code_digest", COPY(rq, code_hex));
    argument_set(rq, "refresh_digest", COPY(rq, refresh_hex));
    argument_set(rq, "refresh_expires",
                 FORMAT(rq, "%lld", (long long)time(NULL) + rq->product->dialect->refresh_seconds));
    return answer_from_sql(rq);
}
