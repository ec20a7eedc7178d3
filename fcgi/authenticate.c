/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who calls: the token's signature and times are checked here; that its account still stands is checked by
 * sql/core/caller.sql, which goes in front of the row's statement in the same transaction. */
#include "common/memory.h"
#include "common/text.h"
#include "common/token_cache.h"
#include "fcgi/serve.h"
#include <errno.h>
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

/* The token of "Bearer TOKEN"; NULL when another scheme is used. */
static const char *bearer(const char *header)
{
    if (strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    header += 7;
    return header + strspn(header, " ");
}

int authenticate(struct request *rq)
{
    const struct endpoint *row = rq->operation->row;
    const char *header = request_param(rq, "HTTP_AUTHORIZATION"), *token;
    int r;

    rq->arguments[ARG_CLIENT_IP] = client_address(rq);
    if (row->who == ANYONE || (row->who == OPTIONAL && !*header))
        return 0;
    if (!*header)
        return fail(rq, E_UNAUTHENTICATED, NULL, NULL);
    token = bearer(header);
    r = token ? token_cache_verify(rq->server->tokens, TOKEN_ACCESS, rq->product->name, token, time(NULL), &rq->claims)
              : -EINVAL;
    if (r == -EKEYEXPIRED)
        return fail(rq, E_BAD_TOKEN, NULL, "The access token has expired");
    if (r < 0)
        return fail(rq, E_BAD_TOKEN, NULL, NULL);
    rq->signed_in = true;
    rq->arguments[ARG_ACCOUNT_ID] = FORMAT(rq, "%lld", rq->claims.account_id);
    rq->arguments[ARG_MUST_BE] = row->who == ADMIN ? "admin" : "user";
    rq->arguments[ARG_ISSUED_AT] = FORMAT(rq, "%lld", (long long)rq->claims.issued_at);
    rq->arguments[ARG_JTI] = rq->claims.jti;
    return 0;
}
