/* SPDX-License-Identifier: GPL-3.0-or-later
 * A broadcast while an attempt works on it: broadcast.c (its rows), broadcast_flight.c (its calls), sms_broadcast.c
 * (the loop). Memory does not grow with the number of recipients: they are taken from the table as there is room for
 * calls. */
#ifndef MILLRACE_BROADCAST_H
#define MILLRACE_BROADCAST_H
#include "common/array_text.h"
#include "common/database.h"
#include "common/transfers.h"
#include "queue/job.h"
#include "queue/queue_redis.h"
#include "workers/direct/sms/sms.h"

enum { FLIGHTS_MAX = 256, PHONE_SIZE = 17 };

/* A try to text one recipient. What is said of it counts until there is another. */
struct
try {
    char phone[PHONE_SIZE];
    char intended[32]; /* when, exactly: seconds since 1970 */
};

/* What is to be written of recipients, a column each. */
struct outcomes {
    void *ctx; /* NULL: there are none */
    struct array_text phones, intended, states, sids, codes;
    int count;
};

struct broadcast {
    struct job *job;
    const struct config *config;
    struct database *database;
    struct redis *redis; /* where the limiter lives */
    struct transfers *transfers;
    const char *no, *body;
    long long recipients, ended; /* how many there are, and of how many it is known what became of them */
    long long began_at;          /* ended, when this attempt began */
    char after[PHONE_SIZE];      /* recipients are taken in their order, from behind this one */
    int tokens;                  /* of the limiter, not used yet */
    int flying;                  /* calls */
    int asking;                  /* of them those that ask about one */
    int streak;                  /* calls in a row that found nobody */
    uint64_t tokens_at;          /* clock_boot_ms(): the limiter is not asked before */
    uint64_t pause_until;        /* nothing is sent before */
    struct outcomes outcomes;
    uint64_t noted_at; /* when outcomes were written last */
    int stop;          /* not 0: no more calls, and what the attempt returns when those that fly are through */
};

/* ---- rows: 0, or -EIO when the database did not answer ---- */

/* Begin an attempt: what was in flight with another is to be asked about; the snapshot is made whole. -ENOENT: there is
 * no broadcast of this job's, or it has ended. */
int broadcast_open(struct broadcast *broadcast);
/* Take up to most recipients, committed as about to be texted; those who have asked not to be are passed over. each()
 * is called for them. *ret: how many there were of either. */
int broadcast_take(struct broadcast *broadcast, int most,
                   void (*each)(struct broadcast *broadcast, const struct try *try), int *ret);
/* Likewise some of whom it is not known whether they were texted, and since long enough. */
int broadcast_doubtful(struct broadcast *broadcast, int most,
                       void (*each)(struct broadcast *broadcast, const struct try *try));
/* What became of one; sid may be NULL, code 0. It is written by broadcast_note(). */
void broadcast_outcome(struct broadcast *broadcast, const struct try *try, const char *state, const char *sid,
                       int code);
/* Write outcomes and tell the progress. */
int broadcast_note(struct broadcast *broadcast);
/* Whether any recipient is left; *ret_ms: until one may be asked about, 0 when somebody is to be texted. */
int broadcast_left(struct broadcast *broadcast, bool *ret, int *ret_ms);

/* Somebody does not do his part: no more calls. An attempt that has got on is no failed one: of a million recipients
 * the job would have used up its tries long before the last. */
void broadcast_give_up(struct broadcast *broadcast, const char *why);

/* ---- calls ---- */

void flight_send(struct broadcast *broadcast, const struct try *try);
void flight_ask(struct broadcast *broadcast, const struct try *try);
#endif
