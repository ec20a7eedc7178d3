/* SPDX-License-Identifier: GPL-3.0-or-later
 * The front as it runs, but nobody behind it: no PostgreSQL and no Redis answer, and steps that ask them are left out.
 */
#ifndef MILLRACE_FUZZ_FRONT_H
#define MILLRACE_FUZZ_FRONT_H
#include "fcgi/serve.h"
#include "fcgi/wire/transport_private.h"

/* Made at the first call; lives as long as the process. */
struct server *front(void);

enum { FRONT_PARAMS_MAX = 48 };
struct front_request {
    struct client client; /* first */
    struct incoming in;
    const char *names[FRONT_PARAMS_MAX], *values[FRONT_PARAMS_MAX];
    struct request *rq;  /* lives on in.ctx */
    int status;          /* of the answer; 0: none yet */
    const char *headers; /* of the answer, on the context that was given */
};

/* A request without parameters, whose in.ctx hangs off ctx; its rq goes through the steps that are given. */
struct front_request *front_request_new(void *ctx, step_fn *const *steps);
/* What is too many is left out. */
void front_param(struct front_request *request, const char *name, const char *value);
void front_body(struct front_request *request, const char *bytes, size_t n);
/* Walk the steps until it has been answered; in.ctx and rq are gone then. The answer is held to be well-formed. */
void front_serve(struct front_request *request);

/* Take what validate() gave for a request that no step has refused yet: each argument is what its field says. */
void front_hold_arguments(const struct request *rq);
#endif
