/* SPDX-License-Identifier: GPL-3.0-or-later
 * mail.magic_link: make a one-time sign-in code, keep its digest, mail it. The code exists here and in the mail only;
 * each attempt makes a new one, and the newest counts. */
#include "common/database.h"
#include "common/memory.h"
#include "common/token.h"
#include "sql.h"
#include "workers/direct/mail/mail.h"
#include "workers/kinds.h"

enum { CODE_DIGITS = 6 };

static int store_code(struct job *job, const char *email, const char *code)
{
    autoresult struct result result = { 0 };
    char digest[DIGEST_HEX + 1];

    code_digest(job->tools->keys, "signin", job->product, email, code, digest);
    return database_run(job->tools->database, &sql_worker_magic_link_store,
                        PARAMS({ "product", job->product }, { "email", email }, { "digest", digest }), &result);
}

int mail_magic_link(struct job *job)
{
    const char *email = job_text(job, "email");
    json_auto_t *values = NULL;
    struct sending *sending;
    char code[CODE_DIGITS + 1];
    int r;

    code_make(CODE_DIGITS, code);
    values = memory_check(json_pack("{s:s}", "code", code));
    r = sending_make(job, email, "sign_in", values, &sending);
    if (r != 0)
        return r;
    if (store_code(job, email, code) < 0)
        return job_release(job, -1, "the code could not be stored");
    return sending_start(sending);
}
