/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who waits for a job: hangs on its id until there is news of it or his time is over, then looks at it. Looks are made
 * a few at a time: whatever happens to ten thousand at once, others get their turns in between. */
#ifndef MILLRACE_PARKING_H
#define MILLRACE_PARKING_H
#include "fcgi/steps/job_news.h"

struct parking;

/* Embedded in its owner, who keeps it until parked_leave(). */
struct parked {
    /* It is time to look. Until it sleeps again, or leaves, it counts among those that look. */
    void (*look)(struct parked *parked);
    uint64_t until; /* on the loop's clock */
    bool ends_only; /* that the job goes on is no news */
    /* private */
    struct parking *parking;
    struct parked *next, **self;    /* of the same place in the table */
    struct parked *behind, **ahead; /* in the line of those that are to look; ahead NULL: it does not stand there */
    struct timer timer;
    uint64_t looked_at;
    unsigned char id[JOB_KEY_SIZE];
    bool asleep, looking;
    bool news, ended; /* since it last looked */
};

/* No more than most. */
struct parking *parking_new(void *ctx, struct loop *loop, const struct config *config, int most);
/* From now on all news of the job count. For at most so many seconds. False: it is no id, there is no room, no news of
 * the queue come, or all are about to end; then nobody waits. look must be set. */
bool parked_enter(struct parking *parking, struct parked *parked, const char *queue, const char *job_id, int seconds);
/* Sleep, unless there has been news: look() is called some time later, never from inside this call. */
void parked_sleep(struct parked *parked);
/* Look soon, whether or not there are news. */
void parked_wake(struct parked *parked);
/* Over. Does nothing to what has not entered, or has left. */
void parked_leave(struct parked *parked);
/* All look as soon as may be and sleep no more; nobody enters any more. */
void parking_end(struct parking *parking);
/* How many sleep. */
int parking_count(const struct parking *parking);
#endif
