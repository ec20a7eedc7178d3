/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sandbox: stand-ins for the services that the workers call, on the front's machinery. A service is a product of
 * this program (services.c), an operation of it an endpoint row whose SQL file (sql/sandbox/NAME.sql) answers from the
 * schema `sandbox`. docs/sandbox.md shows how to add one.
 *
 * The statement of a row with SANDBOX may name, besides its path's fields: :input (the body as a JSON object, whether
 * it came as JSON, as a form with nested names or as multipart; null: there was none), :query (the query, likewise),
 * :headers (a JSON object, names in small letters, without proofs), :key (what the caller proves himself with; of Basic
 * the name), :settings (a JSON object: the products' URLs and what webhooks are signed with), :base_url (the sandbox's
 * own). It answers by its columns: body and status; media (of a body that is not JSON); base64 (true: the body is bytes
 * in that form); headers (more of them, a JSON object). A string `picture:SEED:WIDTHxHEIGHT` in a JSON body, and a
 * whole body of that form with the media image/png, becomes that picture. No row, or a body of null without a status,
 * is the service's 404. */
#ifndef MILLRACE_SANDBOX_H
#define MILLRACE_SANDBOX_H
#include "fcgi/request.h"
#include <jansson.h>

/* How a service's callers prove themselves. */
enum sandbox_proof { PROOF_BEARER, PROOF_BASIC, PROOF_HEADER, PROOF_NONE };

struct service {
    struct dialect dialect; /* first; SANDBOX_DIALECT */
    enum sandbox_proof proof;
    const char *header; /* of PROOF_HEADER: the parameter, HTTP_X_GOOG_API_KEY ... */
    const char *query;  /* ... or the name in the query; NULL: none */
    /* A script that makes what the service keeps besides sandbox.thing; NULL: nothing. Tables are in the schema
     * `sandbox`, where a reset empties them all. */
    const struct sql *schema;
    const struct sql *schema_more; /* another one, behind it */
    /* POSTs with an Idempotency-Key that was used before are answered as they were then. */
    bool replays;
    /* An error in the service's words, as JSON on rq; rq->status is set. */
    char *(*error)(struct request *rq, enum error error, const char *message);
};
#define SANDBOX_DIALECT                                                                                                \
    {                                                                                                                  \
        .error_body = sandbox_error, .accept = sandbox_accept                                                          \
    }
/* In an endpoint row of a service. */
#define SANDBOX .who = ANYONE, .uncounted = true, .handler = sandbox_call, .sets = sandbox_sets
/* A segment of the path, any text. */
#define SANDBOX_PART(id)                                                                                               \
    {                                                                                                                  \
        .name = id, .in = PATH, .type = TEXT, .flags = REQUIRED, .min = 1, .max = 300                                  \
    }

extern const char *const sandbox_sets[];
int sandbox_call(struct request *rq);
int sandbox_accept(struct request *rq);
char *sandbox_error(struct request *rq, enum error error, const char *message, const struct field_errors *errors);
/* The service that a product of this program is; NULL: the realm of control. */
static inline const struct service *service_of(const struct product *product)
{
    return product->root ? NULL : (const struct service *)(const void *)product->dialect;
}
/* That which a request is for. */
const struct service *sandbox_service(const struct request *rq);
/* ---- input.c ---- */

/* The body as :input tells it, on rq; *ret is NULL when there was none. -EINVAL. */
int sandbox_input(struct request *rq, const char **ret);
/* Names and values as an object: items[0][price] is a member of an object in the list `items`; a[] appends to the list
 * `a`; a name that comes twice becomes a list. -EINVAL when a name is malformed or nested too deeply. */
int nested_object(void *ctx, const struct pairs *pairs, json_t **ret);

/* ---- faults.c: what is to go wrong. Kept in memory: a restart forgets it. ---- */

enum fault_kind { FAULT_NONE, FAULT_LATENCY, FAULT_STATUS, FAULT_CUT, FAULT_MALFORMED, FAULT_KINDS };
extern const char *const fault_kind_names[]; /* without FAULT_NONE; ends with NULL */
enum { FAULTS_MAX = 64, FAULT_PATTERN_MAX = 200 };

struct fault {
    int id;
    char service[32];                 /* "": any */
    char method[8];                   /* "": any */
    char path[FAULT_PATTERN_MAX + 1]; /* as fnmatch() has it; "": any */
    enum fault_kind kind;
    int ms, status, retry_after;
    bool after; /* the effect is made all the same */
    int times;  /* calls still to be hit; 0: all, until it is cleared */
};
struct faults {
    struct fault list[FAULTS_MAX];
    int count, last;
};
/* The fault's id; -ENOSPC. */
int faults_add(struct faults *faults, const struct fault *fault);
/* All of a service; "": all. id 0: whichever. How many went. */
int faults_clear(struct faults *faults, const char *service, int id);
/* What hits this call, counted down: the first of what goes wrong in *ret (kind FAULT_NONE: nothing), and the
 * milliseconds of all latencies together. */
int faults_take(struct faults *faults, const char *service, const char *method, const char *path, struct fault *ret);

/* ---- control.c, services.c ---- */

struct sandbox {
    struct server *server; /* its child */
    struct faults faults;
    struct statement *log, *claim, *keep, *drop; /* sql/sandbox/call.sql, replay_*.sql */
    const char *settings;                        /* the value of :settings */
};
struct sandbox *sandbox_of(const struct request *rq);
extern const struct endpoint control_endpoints[];
extern const struct dialect control_dialect;

/* ---- picture.c ---- */

/* Pictures are made of their seed and nothing else: a PNG on ctx, at most 2048 pixels a side. */
const unsigned char *picture_png(void *ctx, const char *seed, int width, int height, size_t *ret_length);
/* A body of the form "picture:SEED:WIDTHxHEIGHT" as a PNG; NULL when it is not of that form. */
const unsigned char *picture_of(void *ctx, const char *text, size_t *ret_length);
/* A JSON text with every such string in it as base64. The text itself when there is none. */
const char *pictures_fill(void *ctx, const char *json);

/* ---- sender.c: what the sandbox sends by itself (table sandbox.outgoing), in a process of its own. ---- */

/* Does not return. */
void sender_run(const struct config *config) __attribute__((noreturn));
/* Header lines that sign a call, on ctx, each ended by a newline: how is stripe, twilio, replicate or "". form: of
 * twilio, the parameters (an object of strings); else NULL. */
char *signature_headers(void *ctx, const char *how, const char *secret, const char *url, const char *id,
                        const char *body, json_t *form, long long now);
/* ---- answer.c: each decides the answer, and what comes behind the handler in the usual walk is left out ---- */

void answered(struct request *rq);
/* The columns of a row's statement. */
void answer_rows(struct request *rq, const PGresult *rows);
/* What a fault wants. */
void answer_status(struct request *rq, const struct fault *fault);
/* The connection breaks in the middle: the web server in front of us sees to it. */
void answer_cut(struct request *rq);
#endif
