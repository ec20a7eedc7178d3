/* SPDX-License-Identifier: GPL-3.0-or-later
 * How the command puts jobs: what a job is given is checked against its kind and sealed, then many are written at once,
 * and after the commit Redis is told. */
#ifndef MILLRACE_PRODUCER_H
#define MILLRACE_PRODUCER_H
#include "queue/cli/command.h"
#include "queue/job.h"

/* What may be said of a job. order_fields is the table; arguments come beside it. */
enum order_field {
    O_KIND,
    O_PRODUCT,
    O_TENANT,
    O_ACCOUNT,
    O_PRIORITY,
    O_KEY,
    O_COST,
    O_DELAY,
    O_AT,
    O_UNIQUE,
    O_FIELDS
};
extern const struct field order_fields[];

/* A job to put, all checked. NULL is SQL's null. */
struct order {
    const struct job_kind *kind;
    const char *args;             /* sealed */
    const char *values[O_FIELDS]; /* as SQL takes them; delay and at in seconds */
    const char *id;               /* once it is put, or tried to be: of another try it is the same */
};

struct producer;

/* NULL, with the reason told, when the sealing keys do not hold. product and tenant go for orders that name none. */
struct producer *producer_new(void *ctx, struct operation *operation, const char *product, const char *tenant);

/* producer_put() waits while a queue takes no more, however long, and for PostgreSQL up to a minute. */
void producer_be_patient(struct producer *producer);

/* Whether text can name a tenant or a key, which stand in Redis between bars. NULL: there is none. */
bool order_name_holds(const char *text);
/* Complete an order whose values were checked against order_fields. On a refusal a sentence on ctx, and -EINVAL, or
 * -ENOENT when there is no such kind. args is an object, or NULL: none. */
int order_complete(void *ctx, struct producer *producer, const char *const *values, json_t *args, struct order *ret,
                   const char **ret_why);
/* The arguments of a job that follows: KIND[:JSON] as job_follow() of sql/schema takes it. Refusals are the same. */
int order_follow(void *ctx, struct producer *producer, const char *text, const char **ret, const char **ret_why);

enum { ORDERS_MAX = 256 };
/* Write up to ORDERS_MAX of them in one transaction, and tell Redis (when it does not hear, the scheduler tells it).
 * batch: NULL or a batch's id. A patient producer tries again when that may help; nothing is put twice by that. 0 with
 * each order's id on ctx; -EINVAL, -ENOENT, -EBUSY (not in this state) or -EIO with *ret_why on ctx: then none of them
 * is there, unless PostgreSQL was lost at that very moment. An order without id afterwards: its unique name is somebody
 * else's. */
int producer_put(void *ctx, struct producer *producer, struct order *orders, size_t n, const char *batch,
                 const char **ret_why);
/* The exit status that a refusal of any of these stands for. */
int status_of_order(int r);
/* Tell Redis of the tickets in a column of a result. */
struct result;
void producer_tell(struct producer *producer, const struct result *rows);
/* Write into the audit what this command has done. */
void producer_audit(struct producer *producer, const char *action, const char *target, const char *details);
#endif
