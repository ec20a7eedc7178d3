/* SPDX-License-Identifier: GPL-3.0-or-later
 * The outside services that speak JSON over HTTP: one row each, and one way to call them. Where a service is, how it
 * wants to be asked, how long it is waited for, what its refusals mean and how often it may be called is in its row;
 * what a call says and what its answer means is in a file of each service beside this one (openai.c, stripe.c, ...). */
#ifndef MILLRACE_PROVIDER_H
#define MILLRACE_PROVIDER_H
#include "common/config.h"
#include "common/transfers.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* How a service wants to know who calls. */
enum provider_proof {
    PROVIDER_BEARER, /* Authorization: Bearer KEY */
    PROVIDER_BASIC,  /* Authorization: Basic of NAME:KEY, the name being config's account */
    PROVIDER_HEADER, /* a header of its own */
    PROVIDER_OWNER,  /* Authorization: Bearer, with the token that the account gave us (integrations): see key below */
};

/* What became of a call, and so what the job that made it does. */
enum provider_verdict {
    PROVIDER_DONE,    /* 2xx: call->json or call->bytes hold */
    PROVIDER_LATER,   /* try again: no connection, timed out, 5xx; nothing was done, or a repeat does no harm */
    PROVIDER_LIMITED, /* it wants fewer calls: again after call->retry_after seconds */
    PROVIDER_NEVER,   /* it will not be done; call->why says what the service said */
    PROVIDER_UNKNOWN, /* sent, but no answer that can be understood came: only for requests with effect. Ask the
                       * service what it knows before anything is sent again */
};

/* What a status other than 2xx means. */
struct provider_status {
    int from, to; /* statuses */
    bool told;    /* only where a Retry-After came along */
    bool keyed;   /* only of a request with an idempotency key */
    bool lost;    /* what was asked for may have been done: with effect PROVIDER_UNKNOWN instead */
    enum provider_verdict verdict;
};
struct provider_retry {
    const struct provider_status *statuses; /* the first that fits counts; else PROVIDER_NEVER. Ends with verdict
                                             * PROVIDER_DONE */
    const char *spent; /* the code of a refusal that would be PROVIDER_LIMITED, but that no waiting mends: our money is
                        * spent, not our rate; NULL: none */
    int wait;          /* PROVIDER_LIMITED: seconds, when the service does not say how long; */
    int most;          /* and at most, whatever it says */
};

struct provider {
    const char *name;    /* openai: also its path in the sandbox */
    const char *base;    /* of its public API, without a slash at the end */
    const char *sandbox; /* what follows NAME in the path of the sandbox: the path that base ends in */
    size_t url, key; /* offsets in struct config: a base that replaces the public one, its key; 0: no such setting */
    size_t account;  /* PROVIDER_BASIC: the name's */
    enum provider_proof proof;
    const char *header;         /* PROVIDER_HEADER: its name */
    const char *const *headers; /* further lines of every call ("Stripe-Version: 2023-10-16"), up to a NULL; or NULL */
    int connect;                /* milliseconds until there is a connection */
    int timeout;                /* milliseconds of a whole call, unless the call says otherwise */
    const struct provider_retry *retry;
    /* The engine's limiter (docs/queue.md) of which each POST to the base takes a turn (what is made, sent, paid; not
     * what is only looked at or taken back), and which is held for everybody when the service wants fewer calls; its
     * rate in units a second and burst until an operator sets others (millrace limiter). NULL: none; each account's
     * token has limits of its own. */
    const char *limiter, *rate, *burst;
};

/* Ends with a NULL name. */
extern const struct provider providers[];
/* NULL: there is none of that name. */
const struct provider *provider_find(const char *name);
/* The base of its calls, on ctx: the setting; in the sandbox environment the sandbox's; else the public one. */
char *provider_base(void *ctx, const struct config *config, const struct provider *provider);
/* PROVIDER_BASIC: the account's name; where none is set, the sandbox's. */
const char *provider_account(const struct config *config, const struct provider *provider);
/* The service's key; where none is set, the sandbox's. Not of PROVIDER_OWNER. */
const char *provider_key(const struct config *config, const struct provider *provider);
/* Whether config has what is needed to call it. In the sandbox environment all have. Without: answer 503, or bury. */
bool provider_configured(const struct config *config, const struct provider *provider);

enum provider_method { PROVIDER_GET, PROVIDER_POST, PROVIDER_DELETE };

/* One call, as a service's own file describes it. All that it points to may go once the call is prepared. */
struct provider_request {
    enum provider_method method;
    const char *path; /* with its query; begins with a slash and follows the base. Parts from outside are encoded
                       * already: provider_escape() */
    const char *url;  /* instead of base and path: absolute, only what the service itself has given (a picture's place);
                       * our proof goes along only when it begins with the service's base; else, where that base is
                       * https,  it must lead to the public network */
    const char *type; /* of the body; NULL: application/json */
    const char *body;
    size_t length;
    json_t *json;            /* instead of body: written as JSON */
    const char *key;         /* PROVIDER_OWNER: the token. Not in any log */
    const char *idempotency; /* Idempotency-Key: the service itself sees to it that a repeat does nothing; or NULL */
    bool effect; /* what it does must not be done twice, and the service has no means against it: a broken connection
                  * leaves the outcome unknown (PROVIDER_UNKNOWN). False for what is read and for what a repeat does
                  * not harm */
    int timeout; /* ms; 0: the service's */
    size_t max;  /* bytes of an answer taken in; 0: 4 MiB */
    bool raw;    /* the answer is bytes (a picture), not JSON */
};

struct provider_call {
    const struct provider *provider;
    enum provider_verdict verdict;
    long status;  /* of the answer; 0: none came */
    json_t *json; /* of the answer, also of a refusal; NULL: none */
    char *bytes;  /* the answer as it came, with a zero behind */
    size_t length;
    int retry_after;                  /* seconds that PROVIDER_LIMITED is to be waited for; else -1 */
    long remaining;                   /* calls that may follow in this window of the service's limit; -1: not said */
    bool counts;                      /* takes a turn of the provider's limiter */
    char id[64];                      /* the service's name for this call (request-id); "" */
    const char *why;                  /* a line for the job's error: what the service said or what failed; no secrets */
    struct provider_calling *calling; /* private */
};

/* Prepare a call, on ctx; freeing it (talloc) ends it, also while it runs. -ENOTSUP: the service is not configured.
 * -EINVAL: the request cannot be written (control bytes in a header, no JSON). */
int provider_prepare(void *ctx, const struct config *config, const struct provider *provider,
                     const struct provider_request *request, struct provider_call **ret);
/* Make it and wait: for forked kinds. */
void provider_perform(struct provider_call *call);
/* Make it while others run: done(closure) is called from transfers_wait() once call->verdict holds; there the call may
 * be freed. -EINVAL as transfers_add(). */
int provider_start(struct provider_call *call, struct transfers *transfers, void (*done)(void *closure), void *closure);

/* What a status other than 2xx says by the service's row: retry_after is what came with it in seconds, -1: nothing;
 * code: of the refusal, "" or NULL: none. *ret_wait: seconds of PROVIDER_LIMITED, else -1. */
enum provider_verdict provider_verdict(const struct provider *provider, const struct provider_request *request,
                                       long status, long retry_after, const char *code, int *ret_wait);

/* Bytes as a part of a path or a query, on ctx. */
char *provider_escape(void *ctx, const char *text);
/* Whether an address is below a base (that ends without a slash), host and all: what the key may go to. What climbs
 * out again ("..", also escaped), or hides where it leads (a backslash, control bytes), is not. */
bool provider_is_below(const char *url, const char *base);
#endif
