/* SPDX-License-Identifier: GPL-3.0-or-later
 * An endpoint is a row of its product's table; its name is the operation's id and the name of the SQL file that answers
 * it (sql/PRODUCT/NAME.sql), without which it does not compile. docs/adding-an-endpoint.md shows how to add one. */
#ifndef MILLRACE_ENDPOINT_H
#define MILLRACE_ENDPOINT_H
#include "common/config.h"
#include "common/field.h"
#include "common/statement.h"
#include "fcgi/lanes.h"

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
    const struct sql *sql;
    enum method method;
    const char *path; /* after the mount and the product; {name} is a parameter, a PATH field of the row */
    const char *doc;
    enum who who;
    enum lane lane;
    int status;              /* of success; 0: 200 */
    const struct field *in;  /* NULL: none */
    const struct field *out; /* what the body holds; checked on every answer in the sandbox environment */
    /* Kind of the job it puts. The statement gets :job_args: those of the row's fields that the kind's arguments have
     * too, as job_put() wants them, sealed where they have to be (queue/job_args.h). */
    const char *job;
    /* C before the statement: sets arguments and ends with answer_from_sql(); sets names what it sets. */
    int (*handler)(struct request *rq);
    const char *const *sets;
};
#define ENDPOINT(product, id, ...)                                                                                     \
    {                                                                                                                  \
        .name = #id, .sql = &sql_##product##_##id, __VA_ARGS__                                                         \
    }
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* How one product speaks. Nothing else in the core knows a product. */
struct dialect {
    int invalid_status;                  /* of E_INVALID: 400 or 422 */
    const char *codes[E_COUNT];          /* the product's names of errors */
    int access_seconds, refresh_seconds; /* lives of tokens */
    /* The body of an error, on the request's memory. errors may be empty. */
    char *(*error_body)(struct request *rq, enum error error, const char *message, const struct field_errors *errors);
};

struct product {
    const char *name;
    const struct dialect *dialect;
    const struct endpoint *endpoints; /* ends with a NULL name */
    size_t url;                       /* offset in struct config of the public base */
};
/* products.c; ends with a NULL name. */
extern const struct product products[];
/* Rows that every product has (core.c); ends with a NULL name. */
extern const struct endpoint core_endpoints[];
/* How errors look where no product is known. */
extern const struct dialect plain_dialect;
#endif
