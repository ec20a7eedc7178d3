/* SPDX-License-Identifier: GPL-3.0-or-later
 * mail.token: make a one-time token for an account, keep its digest, mail it. The token exists here and in the mail
 * only; each attempt makes a new one, and the newest of a purpose counts. */
#include "common/database.h"
#include "common/memory.h"
#include "common/token.h"
#include "sql.h"
#include "workers/direct/mail/mail.h"
#include "workers/kinds.h"
#include <sodium.h>

enum { TOKEN_BYTES = 32, TOKEN_TEXT = 44 };

static int store_token(struct job *job, const char *purpose, const char *token)
{
    autoresult struct result result = { 0 };
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hex[DIGEST_HEX + 1];

    crypto_hash_sha256(digest, (const unsigned char *)token, strlen(token));
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    return database_run(
        job->tools->database, &sql_worker_account_token_store,
        PARAMS({ "account", FORMAT(job, "%lld", job->account_id) }, { "purpose", purpose }, { "digest", hex }),
        &result);
}

/* A purpose's letter is called as it is. */
int mail_token(struct job *job)
{
    const char *purpose = job_text(job, "purpose");
    json_auto_t *values = NULL;
    unsigned char bytes[TOKEN_BYTES];
    char token[TOKEN_TEXT];
    struct sending *sending;
    int r;

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(token, sizeof token, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    values = memory_check(json_pack("{s:s}", "token", token));
    r = sending_make(job, job_text(job, "email"), purpose, values, &sending);
    if (r != 0)
        return r;
    if (store_token(job, purpose, token) < 0)
        return job_release(job, -1, "the token could not be stored");
    return sending_start(sending);
}
