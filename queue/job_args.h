/* SPDX-License-Identifier: GPL-3.0-or-later
 * A job's arguments on their way into the job table and out of it. Three forms lie there, and whoever opens takes all:
 *   {"name": value, ...}                 plain: composed by a statement
 *   {"name": "mrs1...", ...}             the arguments that are secret (field_secret) are sealed, each by itself, for
 *                                        "job KIND NAME"
 *   {"sealed": "mrs1...", ...}           all that the producer said is sealed, for "job KIND" (queue.encrypt)
 * What a statement adds in plain to either of the latter (job_args_with() of sql/schema) goes over what was sealed. */
#ifndef MILLRACE_JOB_ARGS_H
#define MILLRACE_JOB_ARGS_H
#include "common/seal.h"
#include "queue/job.h"

enum { JOB_ARGS_MAX = 65536 }; /* bytes in the table */

/* The arguments among an endpoint's input: of each field of given that the kind has too, its value, from values (SQL
 * text, in the order of given). What is missing is left out, but null where the kind requires it and takes null. The
 * caller's: json_decref. */
json_t *job_args_gather(const struct job_kind *kind, const struct field *given, const char *const *values);

/* The text to put for args, an object: with what is secret sealed, or, with all, sealed as a whole. args stays as it
 * is. -E2BIG: what came of it is larger than JOB_ARGS_MAX. Whether args hold for the kind is not looked at. */
int job_args_seal(void *ctx, const struct seal_ring *ring, const struct job_kind *kind, json_t *args, bool all,
                  char **ret);

/* The arguments as their producer said them: a new object, the caller's. The errors of seal_open(), with a sentence on
 * ctx that is fit to be shown. Plain text is taken also where the kind says SECRET: it was put before it said so, or by
 * a statement. */
int job_args_open(void *ctx, const struct seal_ring *ring, const struct job_kind *kind, json_t *args, json_t **ret,
                  const char **ret_why);

/* Arguments as they lie in the table, as an operator may see them: "(sealed)" for what is, "(secret)" for what should
 * be. kind may be NULL: unknown here. On ctx. */
char *job_args_shown(void *ctx, const struct job_kind *kind, const char *args);
#endif
