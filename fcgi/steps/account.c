/* SPDX-License-Identifier: GPL-3.0-or-later
 * Handlers of signing up and in. Passwords are hashed with Argon2id in threads of their own, a bounded number at a time
 * and a bounded number waiting: more are answered 503. An unknown name costs as much time as a known one. */
#include "fcgi/steps/account.h"
#include "common/memory.h"
#include "fcgi/serve.h"
#include "fcgi/wire/pool.h"
#include <errno.h>
#include <sodium.h>

/* One password on its way through the threads; on its request. */
struct hashing {
    struct task task;
    struct request *rq;
    const struct hash_cost *cost;
    const char *password, *known;      /* known: the hash it is held against; NULL: make one */
    char hash[crypto_pwhash_STRBYTES]; /* "" : none was made */
    bool matches;
};

/* ---- in a thread ---- */

static void hash_make(struct hashing *hashing)
{
    if (crypto_pwhash_str(hashing->hash, hashing->password, strlen(hashing->password), hashing->cost->operations,
                          hashing->cost->memory) != 0)
        *hashing->hash = '\0'; /* no memory */
}

static void hash_run(struct task *task)
{
    struct hashing *hashing = OWNER(task, struct hashing, task);

    if (!hashing->known) {
        hash_make(hashing);
        return;
    }
    hashing->matches = crypto_pwhash_str_verify(hashing->known, hashing->password, strlen(hashing->password)) == 0;
    if (hashing->matches &&
        crypto_pwhash_str_needs_rehash(hashing->known, hashing->cost->operations, hashing->cost->memory) == 1)
        hash_make(hashing);
}

/* ---- in the loop ---- */

static void hash_wipe(struct hashing *hashing)
{
    sodium_memzero(hashing->hash, sizeof hashing->hash);
}

static void hash_done(struct task *task)
{
    struct hashing *hashing = OWNER(task, struct hashing, task);
    struct request *rq = hashing->rq;

    argument_set(rq, "password_hash", *hashing->hash ? COPY(rq, hashing->hash) : NULL);
    argument_set(rq, "matches", hashing->matches ? "true" : "false");
    if (!hashing->known && !*hashing->hash)
        fail(rq, E_UNAVAILABLE, NULL, NULL);
    else
        answer_from_sql(rq);
    hash_wipe(hashing);
    complete(rq);
}

static int hash_start(struct request *rq, const char *password, const char *known)
{
    struct hashing *hashing = NEW(rq, struct hashing);

    *hashing = (struct hashing){ .task = { .run = hash_run, .done = hash_done },
                                 .rq = rq,
                                 .cost = &rq->server->hash_cost,
                                 .password = password,
                                 .known = known };
    if (pool_submit(rq->server->hashers, &hashing->task) < 0)
        return fail(rq, E_UNAVAILABLE, NULL, "Too many people are signing in at this moment; try again");
    rq->pending++;
    return 0;
}

int hash_cost_init(struct hash_cost *cost, int operations, int memory_mib)
{
    cost->operations = (unsigned long long)operations;
    cost->memory = (size_t)memory_mib << 20;
    /* What a password for an unknown name is held against. */
    return crypto_pwhash_str(cost->nobody, "", 0, cost->operations, cost->memory) ? -ENOMEM : 0;
}

/* ---- the tokens that a sign-in gives ---- */

char *digest_hex(void *ctx, const char *text)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char *hex = memory_check(talloc_size(ctx, DIGEST_HEX + 1));

    crypto_hash_sha256(digest, (const unsigned char *)text, strlen(text));
    return sodium_bin2hex(hex, DIGEST_HEX + 1, digest, sizeof digest);
}

void refresh_prepare(struct request *rq)
{
    int seconds = rq->product->dialect->refresh_seconds;

    if (!seconds)
        return;
    token_jti(rq->refresh_jti);
    argument_set(rq, "refresh_digest", digest_hex(rq, rq->refresh_jti));
    argument_set(rq, "refresh_expires", FORMAT(rq, "%lld", (long long)time(NULL) + seconds));
}

/* The refresh token that was sent, when it is one of ours: sets its digest and its account. */
static bool refresh_sent(struct request *rq)
{
    const char *text = argument(rq, "refresh");
    struct claims claims;

    if (!text || token_verify(request_keys(rq), TOKEN_REFRESH, rq->product->name, text, time(NULL), &claims) < 0)
        return false;
    argument_set(rq, "refresh_digest", digest_hex(rq, claims.jti));
    argument_set(rq, "account", FORMAT(rq, "%lld", claims.account_id));
    argument_set(rq, "refresh_issued_at", FORMAT(rq, "%lld", (long long)claims.issued_at));
    return true;
}

/* ---- handlers ---- */

/* A password that is the name or the address is none. */
static int check_password(struct request *rq, const char *field)
{
    static const char *const names[] = { "email", "username" };
    const char *password = argument(rq, field);

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        const char *name = argument(rq, names[i]);
        if (name && !strcasecmp(name, password))
            return fail(rq, E_INVALID, field, FORMAT(rq, "must not be the %s", names[i]));
    }
    return 0;
}

int account_sign_up(struct request *rq)
{
    int r = check_password(rq, "password");

    if (r < 0)
        return r;
    refresh_prepare(rq);
    return hash_start(rq, argument(rq, "password"), NULL);
}

int account_sign_in(struct request *rq)
{
    const char *known = first_column(rq, "password_hash");

    argument_set(rq, "account", first_column(rq, "account"));
    refresh_prepare(rq);
    return hash_start(rq, argument(rq, "password"), known ? known : rq->server->hash_cost.nobody);
}

int account_session(struct request *rq)
{
    token_jti(rq->session);
    argument_set(rq, "session_digest", digest_hex(rq, rq->session));
    return account_sign_in(rq);
}

int account_refresh(struct request *rq)
{
    return refresh_sent(rq) ? answer_from_sql(rq) : fail(rq, E_BAD_TOKEN, NULL, "The refresh token is not valid");
}

int account_sign_out(struct request *rq)
{
    refresh_sent(rq); /* one that is unknown or used has nothing to end */
    if (rq->signed_in)
        argument_set(rq, "expires_at", FORMAT(rq, "%lld", (long long)rq->claims.expires_at));
    return answer_from_sql(rq);
}

int account_token(struct request *rq)
{
    argument_set(rq, "token_digest", digest_hex(rq, argument(rq, "token")));
    if (!argument(rq, "new_password"))
        return answer_from_sql(rq);
    return hash_start(rq, argument(rq, "new_password"), NULL);
}
