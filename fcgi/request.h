/* SPDX-License-Identifier: GPL-3.0-or-later
 * One request on its way through the steps, and what a handler may do with it. All memory hangs off the request. */
#ifndef MILLRACE_REQUEST_H
#define MILLRACE_REQUEST_H
#include "common/token.h"
#include "fcgi/endpoint.h"
#include "fcgi/input/form.h"
#include "fcgi/lanes/redis_link.h"
#include "fcgi/wire/transport.h"
#include "queue/queue.h"

enum { REQUEST_ID_SIZE = 65, SEGMENTS_MAX = 16, HEADERS_SIZE = 2048, RATES_MAX = 3, TAG_SIZE = 24 };

struct server;
struct operation;
struct upload;
struct once;
struct poll;
struct after;

/* What a step gives besides 0 and what fail() gives: the request is no more. What has become of it will be one again.
 */
enum { STEP_PARKED = 1 };
typedef int step_fn(struct request *rq);

/* What the transport knows of a request. */
struct visitor {
    void (*gone)(struct visitor *visitor); /* the client has left */
};

/* Arguments that every statement may name besides the fields of its row. */
enum fixed {
    ARG_ACCOUNT_ID,
    ARG_PRODUCT,
    ARG_REQUEST_ID,
    ARG_CLIENT_IP,
    ARG_CLIENT_PLACE, /* what is counted of it: place.h */
    ARG_BASE_URL,
    ARG_MUST_BE,
    ARG_ISSUED_AT,
    ARG_JTI,
    ARG_PROOF, /* of an API token its generation, of a session its digest */
    ARG_LIMIT, /* of lists, to ARG_TOTAL: page.c */
    ARG_OFFSET,
    ARG_MORE,
    ARG_AFTER,
    ARG_BEFORE,
    ARG_TOTAL,
    ARG_SAID,     /* names of the body's members that were sent, as an array: tells null from missing */
    ARG_PATHS,    /* what the product's rows answer to: a JSON object, their paths by their names */
    ARG_JOB_ARGS, /* only in rows that name a job; made by answer_from_sql() */
    FIXED_COUNT
};

struct request {
    struct visitor visitor; /* first */
    struct server *server;
    struct incoming *in;
    struct client *client;
    bool gone; /* the client has left: nothing is to be answered */
    step_fn *const *step;
    int pending;    /* answers the request waits for */
    uint64_t began; /* on statistics_clock() */
    bool apart;     /* it is for no product (health.c): not in the statistics */

    /* set by route */
    enum method method;
    const struct product *product; /* NULL: unknown */
    const struct operation *operation;
    char request_id[REQUEST_ID_SIZE];
    char *segments[SEGMENTS_MAX];
    int segment_count;
    const char *query;
    struct pairs query_pairs; /* once query_read */
    bool query_read, query_bad;
    struct pairs form; /* of a row with .form or .parts */
    struct upload *upload;
    struct once *once;    /* of a request with an Idempotency-Key */
    const char *tickets;  /* of jobs that the statement has put */
    const char *settings; /* of a queue, that it has changed */
    bool committed;       /* the statement has succeeded and refused nothing */
    bool unsure;          /* the connection was lost: nobody knows whether it has */
    bool head;            /* asked by HEAD: the answer's body is left out */
    bool prefixed;        /* the product was the first segment of the path */
    const char *allow;    /* for 405 */
    /* set by authenticate */
    struct claims claims; /* of an access token */
    enum way way;         /* when signed in */
    const char *tier;     /* of the account; set by authorize */
    enum error
        denied; /* why the credentials do not hold: told once the request is counted; the message is in message */
    struct allowance allowance;
    bool signed_in;
    char session[JTI_HEX + 1]; /* a session's random digits, taken or made */
    /* set by validate and handlers: values by operation->names */
    const char **arguments;
    struct field_errors errors;

    PGresult *first; /* what the row's first statement gave */
    struct exchange exchange;
    const char *values[2][STATEMENT_PARAMETERS_MAX];
    struct ask *asks;
    struct readiness *readiness; /* health.c */
    struct poll *poll;           /* it may wait for a job, or has waited: poll.c */
    struct after *after;         /* after.c */
    bool waits;                  /* it is to sleep now */
    int applied;                 /* seconds of the preference that is followed; -1: none is */

    /* what is to be answered */
    enum error error; /* E_NONE: body and status hold */
    const char *message;
    int status;
    int retry_after;    /* seconds, 0: none */
    char tag[TAG_SIZE]; /* ETag of the answer; "": none */
    const char *body;
    size_t body_length;
    const char *media;             /* NULL: application/json */
    bool lasting;                  /* the client may keep it, and asks whether it is still the same */
    time_t file_until;             /* when the link that was followed to a file ends; 0: never */
    bool sends_file;               /* the headers say what is sent, by the web server or by us */
    struct piece *piece;           /* by us, NULL: nothing */
    char refresh_jti[JTI_HEX + 1]; /* of a sign-in: the token to hand out */
    char headers[HEADERS_SIZE];
    size_t headers_length;
};

/* ---- for handlers ---- */

/* Refuse: always returns a negative number. field may be NULL. message is shown to the caller. */
int fail(struct request *rq, enum error error, const char *field, const char *message);
/* Value of an argument by name (a field of the row, a fixed one, or one of its sets); NULL when missing or null. */
const char *argument(const struct request *rq, const char *name);
/* value must live as long as the request (allocate on rq). */
void argument_set(struct request *rq, const char *name, const char *value);
/* A column of the first row that the row's `first` statement gave; NULL when it is null or there was no row. */
const char *first_column(const struct request *rq, const char *name);
/* Run the row's statement; what comes back is the answer. The last call of a handler. */
int answer_from_sql(struct request *rq);
/* Append a header line to the answer; control bytes in the value end it. */
void header_add(struct request *rq, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A parameter of the web server, "" when missing. */
const char *request_param(const struct request *rq, const char *name);
/* The request's path as its product writes it, from /api on; and what was cut off in front of that (mount, product). */
char *request_path(struct request *rq);
char *request_prefix(struct request *rq);
/* The body's bytes as they came, with a zero behind. One that was spooled lies in the page cache and is at most
 * front.body_limit long. */
const char *request_bytes(struct request *rq);
const struct config *request_config(const struct request *rq);
const struct keys *request_keys(const struct request *rq);

/* ---- between the steps ---- */

step_fn route, authenticate, authorize, limit, validate, run, take_answer, hand_over, wait_for_job, ask_after,
    take_after;
/* A request whose client is to be answered; advance() it. */
struct request *request_new(struct server *server, struct incoming *incoming, struct client *client);
/* It is no more; whether it was answered is not asked. */
void request_end(struct request *rq);
void advance(struct request *rq);
/* One of the answers that rq waits for is in. rq may be gone when this returns. */
void complete(struct request *rq);
void respond(struct request *rq);
/* send_file.c: the answer is a file of storage, whose strings live as long as rq. attachment: to be kept, not shown. */
struct stored_file {
    const char *key, *type, *name;
    bool attachment;
};
void send_file(struct request *rq, const struct stored_file *file);
#endif
