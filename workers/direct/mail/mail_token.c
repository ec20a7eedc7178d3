/* SPDX-License-Identifier: GPL-3.0-or-later
 * mail.token: make a one-time token for an account, keep its digest, mail it. The token exists here and in the mail
 * only; each attempt makes a new one, and the newest of a purpose counts. */
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/mail/mail.h"
#include "workers/kinds.h"
#include <sodium.h>

void mailed_token_make(struct mailed_token *ret)
{
    unsigned char bytes[MAILED_BYTES], digest[crypto_hash_sha256_BYTES];

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(ret->text, sizeof ret->text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    crypto_hash_sha256(digest, (const unsigned char *)ret->text, strlen(ret->text));
    sodium_bin2hex(ret->digest, sizeof ret->digest, digest, sizeof digest);
}

static int store_token(struct job *job, const char *purpose, const char *digest)
{
    autoresult struct result result = { 0 };

    return database_run(
        job->tools->database, &sql_worker_account_token_store,
        PARAMS({ "account", FORMAT(job, "%lld", job->account_id) }, { "purpose", purpose }, { "digest", digest }),
        &result);
}

/* A purpose's letter is called as it is. */
int mail_token(struct job *job)
{
    const char *purpose = job_text(job, "purpose");
    json_auto_t *values = NULL;
    struct mailed_token token;
    struct sending *sending;
    int r;

    mailed_token_make(&token);
    values = memory_check(json_pack("{s:s}", "token", token.text));
    r = sending_make(job, job_text(job, "email"), purpose, values, &sending);
    if (r != 0)
        return r;
    if (store_token(job, purpose, token.digest) < 0)
        return job_release(job, -1, "the token could not be stored");
    return sending_start(sending);
}
