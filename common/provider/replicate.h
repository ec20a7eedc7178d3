/* SPDX-License-Identifier: GPL-3.0-or-later
 * Replicate's public API: predictions are ordered, looked at until they have ended, and can be cancelled. As openai.h
 * has it: request->json is the caller's, answers are read as if anything could stand there. */
#ifndef MILLRACE_REPLICATE_H
#define MILLRACE_REPLICATE_H
#include "common/provider/provider.h"
#include <time.h>

/* POST /models/OWNER/NAME/predictions, or, where model is OWNER/NAME:VERSION, POST /predictions. It costs and has no
 * idempotency key: what became of one whose answer was lost is looked for in replicate_list(), by replicate_listed().
 * -EINVAL: model is of neither form. */
int replicate_order(void *ctx, const char *model, const json_t *input, struct provider_request *ret);
/* GET /predictions: the latest; or the page behind one, where place is what replicate_next() gave. NULL: the first. */
struct provider_request replicate_list(const char *place);
/* The place of the page behind this one, on ctx; NULL: there is none; "": there may be one, but not where we know the
 * way. */
const char *replicate_next(void *ctx, const json_t *answer);
/* GET /account: whose the token is. */
struct provider_request replicate_account(void);
struct provider_request replicate_get(void *ctx, const char *id);
struct provider_request replicate_cancel(void *ctx, const char *id);
/* GET of a file that a prediction has made, as bytes of at most max. */
struct provider_request replicate_fetch(const char *url, size_t max);

enum replicate_state { PREDICTION_RUNS, PREDICTION_DONE, PREDICTION_FAILED, PREDICTION_CANCELLED };
struct replicate_prediction {
    const char *id;
    enum replicate_state state;
    const json_t *output; /* of a done one: part of the answer; may be NULL */
    const char *error;    /* of a failed one; "" when nothing was said */
};
/* -EBADMSG: the answer is no prediction, with a sentence. */
int replicate_read(void *ctx, const json_t *answer, struct replicate_prediction *ret, const char **ret_why);

/* What is looked for in a list: predictions of this model and input that were ordered at this time or later. */
struct replicate_wanted {
    const char *model;
    const json_t *input;
    time_t since;
};
enum replicate_like {
    LISTED_OTHER, /* it is not this one; */
    LISTED_OLD,   /* nor is, by its age, any that is listed behind it, unless the list is out of order; */
    LISTED_SAME,
    LISTED_MAYBE, /* Replicate forgets inputs, after an hour: nobody can tell any more */
};
/* What an entry of a list is; of SAME and MAYBE *ret_id is set, the answer's. */
enum replicate_like replicate_listed(const json_t *entry, const struct replicate_wanted *wanted, const char **ret_id);
/* The entries of a page: an array, NULL when the answer is no page. */
const json_t *replicate_page(const json_t *answer);

/* What a prediction's output says as one text: a text as it is, a list of texts put together (language models answer
 * in pieces); NULL when it is something else. On ctx. */
char *replicate_text(void *ctx, const json_t *output);
/* The i-th address in the output, which is a text or a list of them; NULL: none. */
const char *replicate_url(const json_t *output, size_t i);
#endif
