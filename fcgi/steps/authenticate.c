/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who calls: the token's signature and times are checked here; that its account still stands is checked by
 * sql/core/caller.sql, which goes in front of the row's statement in the same transaction. */
#include "common/memory.h"
#include "common/text.h"
#include "common/token_cache.h"
#include "fcgi/serve.h"
#include "fcgi/steps/account.h"
#include "fcgi/steps/place.h"
#include <errno.h>
#include <sodium.h>
#include <strings.h>

/* The last header of that name: a proxy may add a line of its own behind the client's, and nginx before 1.23 gives each
 * line as a parameter. */
static const char *forwarded_for(const struct request *rq)
{
    for (int i = rq->in->count - 1; i >= 0; i--)
        if (!strcmp(rq->in->names[i], "HTTP_X_FORWARDED_FOR"))
            return rq->in->values[i];
    return "";
}

/* The client's address: the web server's word, or what a trusted proxy in front of it says (its last entry: earlier
 * ones are anybody's). */
static const char *client_address(struct request *rq)
{
    const char *address = request_param(rq, "REMOTE_ADDR"), *forwarded = forwarded_for(rq);
    const char *comma = strrchr(forwarded, ',');

    if (!*forwarded || !text_listed(request_config(rq)->front_trusted_proxies, address))
        return address;
    forwarded = comma ? comma + 1 : forwarded;
    forwarded += strspn(forwarded, " ");
    return strlen(forwarded) <= 45 && !forwarded[strspn(forwarded, "0123456789abcdefABCDEF.:")] ? forwarded : address;
}

/* ---- ways to say who one is: each takes its evidence apart and sets what the caller's check asks for ---- */

/* What stands behind a scheme's name and blanks; NULL when another scheme is used. */
static const char *credentials(const char *header, const char *scheme)
{
    size_t length = strlen(scheme);

    if (strncasecmp(header, scheme, length) != 0 || header[length] != ' ')
        return NULL;
    return header + length + strspn(header + length, " ");
}

static void set_account(struct request *rq, enum way way, long long account)
{
    rq->way = way;
    rq->signed_in = true;
    rq->arguments[ARG_ACCOUNT_ID] = FORMAT(rq, "%lld", account);
}

static int by_access_token(struct request *rq, const char *text)
{
    int r = token_cache_verify(rq->server->tokens, TOKEN_ACCESS, rq->product->name, text, time(NULL), &rq->claims);

    if (r == -EKEYEXPIRED)
        return fail(rq, E_BAD_TOKEN, NULL, "The access token has expired");
    if (r < 0)
        return fail(rq, E_BAD_TOKEN, NULL, NULL);
    set_account(rq, WAY_JWT, rq->claims.account_id);
    rq->arguments[ARG_ISSUED_AT] = FORMAT(rq, "%lld", (long long)rq->claims.issued_at);
    rq->arguments[ARG_JTI] = rq->claims.jti;
    return 0;
}

static int by_api_token(struct request *rq, const char *text)
{
    struct api_token token;

    if (api_token_verify(request_keys(rq), rq->product->name, text, &token) < 0)
        return fail(rq, E_BAD_TOKEN, NULL, NULL);
    set_account(rq, WAY_TOKEN, token.account_id);
    rq->arguments[ARG_PROOF] = FORMAT(rq, "%d", token.generation);
    return 0;
}

/* The value of a cookie; "" when there is none. On rq. */
static const char *cookie(struct request *rq, const char *name)
{
    const char *at = request_param(rq, "HTTP_COOKIE");
    size_t length = strlen(name), n;

    for (; *at; at += n + (at[n] != '\0')) {
        at += strspn(at, " ");
        n = strcspn(at, ";");
        if (n > length && !strncmp(at, name, length) && at[length] == '=')
            return memory_check(talloc_strndup(rq, at + length + 1, n - length - 1));
    }
    return "";
}

/* A page of somebody else's can make a browser send the cookie, but cannot read what the page sends beside it. */
static bool csrf_holds(const struct request *rq)
{
    const char *sent = request_param(rq, "HTTP_X_CSRF_TOKEN");
    char wanted[DIGEST_HEX + 1];

    if (rq->method == GET)
        return true;
    csrf_token(request_keys(rq), rq->session, wanted);
    return strlen(sent) == DIGEST_HEX && sodium_memcmp(sent, wanted, DIGEST_HEX) == 0;
}

/* ACCOUNT.DIGITS */
static int by_session(struct request *rq, enum way way, const char *value)
{
    char *end;
    long long account;

    errno = 0;
    account = strtoll(value, &end, 10);
    if (errno || account <= 0 || *end != '.' || strlen(end + 1) != JTI_HEX ||
        end[1 + strspn(end + 1, "0123456789abcdef")])
        return fail(rq, E_BAD_TOKEN, NULL, "The session is not valid");
    memcpy(rq->session, end + 1, sizeof rq->session);
    if (!csrf_holds(rq))
        return fail(rq, E_FORBIDDEN, NULL, "The X-CSRF-Token header is missing or wrong");
    set_account(rq, way, account);
    rq->arguments[ARG_PROOF] = digest_hex(rq, rq->session);
    return 0;
}

/* A header that is there counts before a cookie. 1: nothing was said. */
static int find_caller(struct request *rq)
{
    const char *header = request_param(rq, "HTTP_AUTHORIZATION"), *text;
    unsigned ways = rq->product->dialect->ways;

    if (*header && ways & 1u << WAY_JWT && (text = credentials(header, "Bearer")))
        return by_access_token(rq, text);
    if (*header && ways & 1u << WAY_TOKEN && (text = credentials(header, "Token")))
        return by_api_token(rq, text);
    if (*header)
        return fail(rq, E_BAD_TOKEN, NULL, NULL);
    if (rq->product->dialect->session.name && *(text = cookie(rq, rq->product->dialect->session.name)))
        return by_session(rq, ways & 1u << WAY_OPERATOR ? WAY_OPERATOR : WAY_SESSION, text);
    return 1;
}

void deny(struct request *rq)
{
    bool known = rq->error == E_FORBIDDEN && rq->tier;

    if (rq->error != E_UNAUTHENTICATED && rq->error != E_BAD_TOKEN && rq->error != E_FORBIDDEN)
        return;
    rq->denied = rq->error;
    rq->error = E_NONE;
    rq->signed_in = known;
}

int authenticate(struct request *rq)
{
    const struct endpoint *row = rq->operation->row;
    int r;

    rq->arguments[ARG_CLIENT_IP] = client_address(rq);
    rq->arguments[ARG_CLIENT_PLACE] = place_of(rq, rq->arguments[ARG_CLIENT_IP]);
    if (row->who == ANYONE)
        return 0;
    r = find_caller(rq);
    if (r > 0)
        r = row->who == OPTIONAL ? 0 : fail(rq, E_UNAUTHENTICATED, NULL, NULL);
    if (r < 0) {
        deny(rq);
        return rq->error == E_NONE ? 0 : r;
    }
    rq->arguments[ARG_MUST_BE] = row->who == ADMIN ? "admin" : "user";
    return 0;
}
