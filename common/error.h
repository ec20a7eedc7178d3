/* SPDX-License-Identifier: GPL-3.0-or-later
 * The one vocabulary of what can go wrong with a request or a job. A dialect turns a member into its product's code,
 * text and status; SQL raises one by SQLSTATE (the `refuse` function of sql/schema) or returns its name in the
 * column `error`. */
#ifndef MILLRACE_ERROR_H
#define MILLRACE_ERROR_H

enum error {
    E_NONE,
    E_MALFORMED,       /* 400: not JSON, a wrong content type, a cut body */
    E_INVALID,         /* 400 or 422 by dialect: a field breaks its rule */
    E_UNAUTHENTICATED, /* 401: no credentials */
    E_BAD_TOKEN,       /* 401: credentials that do not hold */
    E_QUOTA,           /* 402: the plan's allowance is used up */
    E_PAYMENT,         /* 402: a payment was refused */
    E_FORBIDDEN,       /* 403 */
    E_NOT_FOUND,       /* 404 */
    E_METHOD,          /* 405 */
    E_CONFLICT,        /* 409 */
    E_DUPLICATE,       /* 409: there is one of this name already */
    E_TOO_LARGE,       /* 413 */
    E_RATE_LIMITED,    /* 429 */
    E_INTERNAL,        /* 500 */
    E_UNAVAILABLE,     /* 503: ours or a provider's outage; try again */
    E_COUNT
};

/* The HTTP status and the name used in SQL and logs ("not_found"); a dialect may choose another status. */
int error_status(enum error error);
const char *error_name(enum error error);
/* E_NONE when the name is unknown. */
enum error error_by_name(const char *name);

/* What a failed statement means to its caller. sqlstate: five characters, or NULL when the connection broke (then
 * E_UNAVAILABLE). Unknown states are E_INTERNAL. */
enum error error_from_sqlstate(const char *sqlstate);
#endif
