/* SPDX-License-Identifier: GPL-3.0-or-later
 * An endpoint is a row of its product's table; its name is the operation's id and the name of the SQL file that answers
 * it (sql/PRODUCT/NAME.sql), without which it does not compile, unless its handler answers by itself.
 * docs/adding-an-endpoint.md shows how to add one. */
#ifndef MILLRACE_ENDPOINT_H
#define MILLRACE_ENDPOINT_H
#include "common/config.h"
#include "common/field.h"
#include "common/statement.h"
#include "fcgi/lanes/lanes.h"
#include "fcgi/steps/limit.h"

enum method { GET, POST, PUT, PATCH, DELETE, METHOD_COUNT };

enum who {
    SIGNED_IN, /* an account of the product; :account_id */
    ADMIN,     /* one with the role of administrator */
    OPTIONAL,  /* may be signed in; :account_id is null for who is not. A bad token is refused all the same */
    ANYONE,    /* nobody is asked who he is */
};

struct request;

struct endpoint {
    const char *name;
    const struct sql *sql; /* NULL: its handler answers by itself, and nobody is asked who he is */
    enum method method;
    const char *path; /* after the mount and the product; {name} is a parameter, a PATH field of the row */
    const char *doc;
    bool form;      /* the body is application/x-www-form-urlencoded, not JSON */
    bool parts;     /* ... or multipart/form-data, with files (fcgi/input/upload.h); where none is required JSON too */
    bool bare;      /* the dialect puts nothing around the body */
    bool uncounted; /* no rate limit counts it: health calls, webhooks */
    const char *const *rates; /* names of rates that count it besides the one that its dialect gives it */
    enum who who;
    enum lane lane;
    int status;              /* of success; 0: 200 */
    int list;                /* it is a list: rows of a page when nothing is said; 0: it is none (page.c) */
    const struct field *in;  /* NULL: none */
    const struct field *out; /* what the body holds; checked on every answer in the sandbox environment */
    const char *media;       /* of an answer that is not JSON; where it is a range, its handler says which */
    /* Kind of the job it puts, or polls. The statement gets :job_args: those of the row's fields that the kind's
     * arguments have too, as job_put() wants them, sealed where they have to be (queue/job_args.h). */
    const char *job;
    /* It is the poll of such a job: the field that names it. The statement's column `pending` is true until that has
     * ended; then the answer tells when to ask again, and waits as long as the caller wants (fcgi/steps/poll.h). */
    const char *polls;
    /* It waits so many seconds at most for the end of the job that it puts, and is answered by `after`: the same
     * arguments and :job_id, the columns body, `pending` and, if wanted, status (200 when nothing is said and it is not
     * pending, else the row's); or error, message, field and retry_after, as any statement. wait_asked: only for who
     * asks for it (Prefer: wait=N). */
    int wait;
    bool wait_asked;
    bool wait_only; /* the first answer says nothing yet: who does not hear of the job's end is told 503 */
    const struct sql *after;
    const struct sql *first; /* asked before the handler is called, which sees it by first_column() */
    /* C before the statement: sets arguments and ends with answer_from_sql(); sets names what it sets. In a row without
     * SQL it ends with answer_asset() (fcgi/asset.h). */
    int (*handler)(struct request *rq);
    const char *const *sets;
    const struct endpoint *more; /* of the empty row that ends a table: the table that goes on; NULL: none does */
};
#define ENDPOINT(product, id, ...)                                                                                     \
    {                                                                                                                  \
        .name = #id, .sql = &sql_##product##_##id, __VA_ARGS__                                                         \
    }
#define ENDPOINT_WITHOUT_SQL(id, ...)                                                                                  \
    {                                                                                                                  \
        .name = #id, .who = ANYONE, .uncounted = true, __VA_ARGS__                                                     \
    }
#define ENDPOINTS_GO_ON(table)                                                                                         \
    {                                                                                                                  \
        .name = NULL, .more = table                                                                                    \
    }
/* The row after this one, in whatever table it stands; its name is NULL when there is none. */
static inline const struct endpoint *endpoint_next(const struct endpoint *row)
{
    row++;
    return row->name || !row->more ? row : row->more;
}
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The part of a list that was asked for, and what came of it. */
struct page {
    long long limit, offset, total; /* total: -1 when the statement does not count */
    const char *items;              /* a JSON array */
    const char *meta;               /* members that the envelope gets besides its own, as an object; NULL: none */
    bool keyed;                     /* the statement tells where its rows stand: links carry cursors */
    bool up;                        /* it was asked for as what stands in front of a row */
    bool more;                      /* of a keyed one: there are more rows in the direction it was read in */
    const char *first, *last;       /* of a keyed one: where its rows stand; NULL: it has none */
};

/* How a product pages its lists: the names of the two query fields that say which part is wanted, and how the body of
 * a part is written. */
struct paging {
    const char *size, *place;
    bool pages;                                                 /* place counts pages, from 1; else rows, from 0 */
    char *(*body)(struct request *rq, const struct page *page); /* NULL: the bare array */
    const struct field *out;                                    /* what body() writes, as BODY_HERE says */
};

/* In a dialect's tables: the member that holds the row's own body, of a list its array. */
extern const struct field body_here[];
#define BODY_HERE(id)                                                                                                  \
    {                                                                                                                  \
        .name = id, .type = OBJECT, .flags = REQUIRED, .fields = body_here                                             \
    }

/* How a caller may say who he is. */
enum way {
    WAY_JWT,      /* Authorization: Bearer, an access token */
    WAY_TOKEN,    /* Authorization: Token, an API token */
    WAY_SESSION,  /* a session's cookie; with X-CSRF-Token where something is changed */
    WAY_OPERATOR, /* likewise, of an operator's session */
    WAY_COUNT
};

/* How a session's cookie is given: its name, the path behind the mount that it is sent to, and SameSite. */
struct session_cookie {
    const char *name, *path, *same_site;
};

/* How one product speaks. Nothing else in the core knows a product. All text that its functions give is on the
 * request's memory. */
struct dialect {
    int statuses[E_COUNT];               /* where they are others than error_status() says */
    const char *codes[E_COUNT];          /* the product's names of errors */
    const char *messages[E_COUNT];       /* where the common ones do not do */
    unsigned ways;                       /* a bit for each `enum way` */
    struct session_cookie session;       /* of those whose callers may have one */
    bool slashed;                        /* paths in links end with a slash */
    int access_seconds, refresh_seconds; /* lives of tokens */
    struct paging paging;
    /* The body of an error. errors may be empty. */
    char *(*error_body)(struct request *rq, enum error error, const char *message, const struct field_errors *errors);
    const struct field *error_out; /* what error_body() writes */
    /* What stands around the body of a success; NULL: nothing does. message may be NULL. */
    char *(*success_body)(struct request *rq, const char *body, const char *message);
    const struct field *success_out; /* what success_body() writes, as BODY_HERE says */
    /* The body of a sign-in with its tokens; NULL: {"access", "refresh", "expires_in"} in front of its own members. */
    char *(*signed_in)(struct request *rq, const char *body, const char *access, const char *refresh);
    /* The rate that counts a request; NULL: the first of the product's. */
    const char *(*rate_of)(const struct request *rq);
    /* What is said when rq->allowance is used up; NULL: the common sentence. */
    const char *(*rate_said)(struct request *rq);
    /* Look at the request's headers before anything else; NULL: nothing to look at. 0, or what fail() gives. */
    int (*accept)(struct request *rq);
};

/* ends with a NULL name */
struct product {
    const char *name, *title;
    const struct dialect *dialect;
    const struct endpoint *endpoints; /* by endpoint_next(); ends with a NULL name */
    const struct rate *rates;         /* ends with a NULL name */
    size_t url;                       /* offset in struct config of the public base */
    /* Of a realm that is no product: where its paths begin, behind the mount; no web server names it, and it has none
     * of the rows that every product has. NULL: a product. */
    const char *root;
};
/* products.c; ends with a NULL name. */
extern const struct product products[];
/* Rows that every product has (core.c); ends with a NULL name. */
extern const struct endpoint core_endpoints[];
/* How errors look where no product is known: the front's are those of its operators. */
extern const struct dialect plain_dialect;
#endif
