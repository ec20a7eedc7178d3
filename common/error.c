/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "common/memory.h"

static const struct {
    const char *name;
    int status;
} errors[E_COUNT] = {
    [E_NONE] = { "none", 200 },           [E_MALFORMED] = { "malformed", 400 },
    [E_INVALID] = { "invalid", 400 },     [E_UNAUTHENTICATED] = { "unauthenticated", 401 },
    [E_BAD_TOKEN] = { "bad_token", 401 }, [E_QUOTA] = { "quota", 402 },
    [E_PAYMENT] = { "payment", 402 },     [E_FORBIDDEN] = { "forbidden", 403 },
    [E_NOT_FOUND] = { "not_found", 404 }, [E_METHOD] = { "method", 405 },
    [E_CONFLICT] = { "conflict", 409 },   [E_DUPLICATE] = { "duplicate", 409 },
    [E_TOO_LARGE] = { "too_large", 413 }, [E_RATE_LIMITED] = { "rate_limited", 429 },
    [E_INTERNAL] = { "internal", 500 },   [E_UNAVAILABLE] = { "unavailable", 503 },
};

/* A prefix of a SQLSTATE and its meaning; the first that fits. Classes are PostgreSQL's (manual, appendix A); MR is
 * ours, raised by refuse(). */
static const struct {
    const char *prefix;
    enum error error;
} states[] = {
    { "MR400", E_INVALID },      { "MR401", E_BAD_TOKEN },   { "MR402", E_QUOTA },     { "MR403", E_FORBIDDEN },
    { "MR404", E_NOT_FOUND },    { "MR409", E_CONFLICT },    { "MR413", E_TOO_LARGE }, { "MR422", E_INVALID },
    { "MR429", E_RATE_LIMITED }, { "MR503", E_UNAVAILABLE }, { "23505", E_CONFLICT }, /* unique_violation */
    { "MR42R", E_INVALID },     /* a field names something that is not there for the caller */
    { "23503", E_INVALID },     /* foreign_key_violation: names something that is not there */
    { "22", E_INVALID },        /* data exceptions: a value out of its type's range */
    { "40001", E_UNAVAILABLE }, /* serialization_failure */
    { "40P01", E_UNAVAILABLE }, /* deadlock_detected */
    { "53", E_UNAVAILABLE },    /* insufficient resources */
    { "55P03", E_UNAVAILABLE }, /* lock_not_available */
    { "57", E_UNAVAILABLE },    /* operator intervention, statement timeout, shutdown */
    { "58", E_UNAVAILABLE },    /* system error */
    { "08", E_UNAVAILABLE },    /* connection exception */
    { "25006", E_UNAVAILABLE }, /* read_only_sql_transaction: a standby */
};

int error_status(enum error error)
{
    return errors[error].status;
}

const char *error_name(enum error error)
{
    return errors[error].name;
}

enum error error_by_name(const char *name)
{
    for (int i = 0; i < E_COUNT; i++)
        if (!strcmp(name, errors[i].name))
            return (enum error)i;
    return E_NONE;
}

enum error error_from_sqlstate(const char *sqlstate)
{
    if (!sqlstate || !*sqlstate)
        return E_UNAVAILABLE;
    for (size_t i = 0; i < ELEMENTS(states); i++)
        if (!strncmp(sqlstate, states[i].prefix, strlen(states[i].prefix)))
            return states[i].error;
    return E_INTERNAL;
}
