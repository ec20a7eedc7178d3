/* SPDX-License-Identifier: GPL-3.0-or-later
 * The server: compiled rows, connections, and the walk of requests through the steps. */
#ifndef MILLRACE_SERVE_H
#define MILLRACE_SERVE_H
#include "fcgi/operation.h"

/* What a password's hash costs (Argon2id), and one that nobody's password matches. */
struct hash_cost {
    unsigned long long operations;
    size_t memory;
    char nobody[128];
};
/* -ENOMEM. */
int hash_cost_init(struct hash_cost *cost, int operations, int memory_mib);

struct route_node;

struct server {
    const struct config *config; /* another one after server_reload() */
    void *reloaded;              /* talloc: what it has of its own; NULL: it is the first */
    const struct keys *keys;
    struct seal_ring *seals;
    struct token_cache *tokens;
    struct loop *loop;
    struct lanes *lanes;
    struct statistics *statistics;
    struct queue_links *redis;
    struct limits *limits;
    struct parking *parking;
    struct usual *usual;
    struct once_statements *once;
    struct pool *pool, *hashers;
    struct pool *storers; /* what moves files: pool, or one of its own where storage is far away and may be slow */
    const struct storage *storage; /* its calls block: the pool's to make */
    struct hash_cost hash_cost;
    struct bound tier;               /* sql/core/tier.sql */
    struct statement *ready;         /* sql/core/ready.sql */
    struct bound callers[WAY_COUNT]; /* sql/core/caller*.sql; their sources are the fixed names */
    struct route_node **routes;      /* of each product */
    const char **paths;              /* the same: the value of :paths */
    struct asset **descriptions;     /* the same; made when first asked for */
    const struct asset *pages;       /* assets_load(); NULL: not yet */
    int open_requests;
    uint64_t request_number; /* the last id we made; starts anywhere */
};

/* Make the server: compile every row (a parameter that no row field, fixed name or set explains is an error, told on
 * standard error), open the lanes and the link. 0 or -errno. */
int server_new(void *ctx, const struct config *config, struct loop *loop, struct server **ret);
/* What transports call. */
struct transport_handler server_handler(struct server *server);

/* reload.c: read the configuration's file again, and take over what may change between two requests: log.level,
 * products, front.origins, front.unlimited, front.trusted_proxies. When it does not hold nothing changes: -errno, and
 * in *ret_why, on ctx, a sentence for the log. */
int server_reload(struct server *server, void *ctx, const char **ret_why);

/* describe.c: print every product's rows, what each answers to, who may call it and the fields it takes, as a JSON
 * list. Needs no configuration. -EIO when they cannot be written. */
int describe_rows(FILE *to);

/* route.c: the tree of a product's paths. */
extern const char *const method_names[METHOD_COUNT];
struct route_node *route_tree(void *ctx);
void route_add(struct route_node *root, const struct operation *operation);
/* What :paths is: the rows' paths by their names, as JSON on ctx. Statistics know an endpoint by its row, who reads
 * them by its path. */
const char *route_paths(void *ctx, const struct endpoint *rows);
/* Find the operation for the decoded segments. captures[i] becomes the index of the segment of the i-th parameter in
 * the path. NULL: no such path, or (then *ret_allow is a list of methods on ctx) not this method. */
const struct operation *route_find(void *ctx, const struct route_node *root, enum method method, char *const *segments,
                                   int count, int captures[SEGMENTS_MAX], const char **ret_allow);
/* The name of the i-th parameter of a path, or -1. */
int path_parameter(const char *path, const char *name);

/* url.c */
/* Decode %XX in place (and + as a space when plus). -EINVAL when malformed or when it holds a NUL byte. */
int url_decode(char *text, bool plus);
/* A path segment as it stands in a URL: all but letters, digits and -._~!$'()*+,;=:@ as %XX (RFC 3986, pchar). */
char *url_segment(void *ctx, const char *text);

/* authenticate.c: what fail() has said of the credentials is told only when the request has been counted. */
void deny(struct request *rq);

/* answer.c, for those who send statements themselves: */
/* A column of the first row; NULL when it is null or there is none such. */
const char *result_column(const PGresult *rows, const char *name);
/* Refuse the request with what a failed exchange says. Gives what fail() gives. */
int exchange_refused(struct request *rq, const struct exchange *exchange);
/* Refuse the request with what a statement's row says: the columns message, field and retry_after beside its error,
 * name. Gives what fail() gives. */
int refusal_take(struct request *rq, const PGresult *rows, const char *name);
/* The caller's check as a call; values: room for its parameters. */
void caller_call(struct request *rq, struct exchange_call *call, const char **values);
/* A statement of the row's as a call; likewise. */
void bound_call(const struct request *rq, const struct bound *bound, struct exchange_call *call, const char **values);
/* rq->body is what a statement gave: check it and put around it what the dialect does. 0, or what fail() gives. */
int body_take(struct request *rq, const PGresult *rows);
/* Send the row's statement alone, within a lease. */
void statement_send(struct request *rq, struct lease *lease);

/* cors.c: */
/* Headers for a page of another origin, where that may read the answer. */
void cors_headers(struct request *rq);
/* What OPTIONS is answered; allow: the methods of the path. */
void options_answer(struct request *rq, const char *allow);

/* page.c: */
/* The fields that a list has besides its row's, on ctx; end with a NULL name, and there is room for PAGE_FIELDS in
 * front of it. */
enum { PAGE_FIELDS = 3 };
const struct field *page_fields(void *ctx, const struct dialect *dialect, const struct endpoint *row);
/* Set the fixed arguments of lists, where the row is one. */
void page_arguments(struct request *rq);
/* Which connections a request takes: its row's, but to pass over very many rows takes the slow ones. */
enum lane page_lane(const struct request *rq);
/* What the dialect makes of a list's array; rows: what the statement says besides. */
const char *page_body(struct request *rq, const char *items, const PGresult *rows);

/* queue_settings.c: tell Redis what goes for a queue from now on: a JSON array of the queue's name and the words of
 * script settings. The answer waits for it; what goes wrong is the scheduler's to mend. */
void hand_over_settings(struct request *rq, const char *words);

/* job_args.c: */
/* Find what :job_args is made of, for a statement that names it. Why that cannot be, else NULL. */
const char *job_args_bind(struct operation *operation);
/* Set :job_args from the request's arguments, where its statement wants it. Refuses what the kind does not take, and
 * what is too large for a job. */
int job_args_compose(struct request *rq);

/* reply_check.c: hold a body, of a list each item, against the row's output fields. False with the reason on ctx. */
bool reply_check(void *ctx, const struct endpoint *row, const char *body, size_t length, const char **ret_why);
#endif
