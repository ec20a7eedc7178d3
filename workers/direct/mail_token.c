/* SPDX-License-Identifier: GPL-3.0-or-later
 * mail.token: make a one-time token for an account, keep its digest, mail it. The token exists here and in the mail
 * only; each attempt makes a new one, and the newest of a purpose counts. */
#include "common/database.h"
#include "common/memory.h"
#include "common/token.h"
#include "sql.h"
#include "workers/direct/mail.h"
#include "workers/kinds.h"
#include <sodium.h>

enum { TOKEN_BYTES = 32, TOKEN_TEXT = 44 };

/* A purpose: what its mail says around the token. */
static const struct letter {
    const char *purpose, *subject, *before, *after;
} letters[] = {
    { "reset", "Set another password", "To set another password, use this token:",
      "It is good for one hour and for one time. If you did not ask for it, you can ignore this mail." },
    { "verify", "Please verify your address", "To say that this address is yours, use this token:",
      "It is good for seven days and for one time. If you did not open an account, you can ignore this mail." },
};

static const struct letter *letter_of(const char *purpose)
{
    for (size_t i = 0; i < ELEMENTS(letters); i++)
        if (!strcmp(letters[i].purpose, purpose))
            return &letters[i];
    return NULL;
}

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

int mail_token(struct job *job)
{
    const char *purpose = job_text(job, "purpose");
    const struct letter *letter = letter_of(purpose);
    unsigned char bytes[TOKEN_BYTES];
    char token[TOKEN_TEXT];
    struct sending *sending;
    int r;

    if (!letter)
        return job_bury(job, "there is no letter for the purpose %s", purpose);
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(token, sizeof token, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    r = sending_make(job, job_text(job, "email"), letter->subject,
                     FORMAT(job, "%s\n\n%s\n\n%s\n", letter->before, token, letter->after), &sending);
    if (r != 0)
        return r;
    if (store_token(job, purpose, token) < 0)
        return job_release(job, -1, "the token could not be stored");
    return sending_start(sending);
}
