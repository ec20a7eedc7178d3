/* SPDX-License-Identifier: GPL-3.0-or-later
 * One epoll loop a process. Everything in the front hangs off it and nothing in it blocks. A round: wait, call what is
 * ready, run timers that are due, then call what was deferred to the end of the round (writes are gathered there, and
 * things whose events may still be in this round's list are freed there). */
#ifndef MILLRACE_LOOP_H
#define MILLRACE_LOOP_H
#include <stdbool.h>
#include <stdint.h>

struct loop;

/* Something with a descriptor; embedded in its owner (OWNER of memory.h). */
struct source {
    void (*ready)(struct source *source, uint32_t events);
    int fd;
    uint32_t events; /* what is asked for now */
};

/* Something to call later, once; embedded in its owner. Zero it before its first use. */
struct timer {
    void (*due)(struct timer *timer);
    uint64_t at;  /* milliseconds on the loop's clock */
    int position; /* in the heap, from 1; 0: not set */
};

/* Something to call at the end of this round, once however often it is asked for; embedded in its owner. */
struct deferred {
    void (*call)(struct deferred *deferred);
    struct deferred *next;
    bool queued;
};

int loop_new(void *ctx, struct loop **ret);
int loop_watch(struct loop *loop, struct source *source, int fd, uint32_t events);
void loop_change(struct loop *loop, struct source *source, uint32_t events); /* no system call when unchanged */
void loop_forget(struct loop *loop, struct source *source);                  /* before its descriptor is closed */

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t in_milliseconds); /* sets anew when it is set */
void loop_timer_clear(struct loop *loop, struct timer *timer);
void loop_defer(struct loop *loop, struct deferred *deferred);
void loop_undefer(struct loop *loop, struct deferred *deferred); /* before it is freed */

/* Before the loop waits again it is to let things gather for so many microseconds, below a second, and some more by the
 * kernel's timer slack; of several wishes the shortest counts. Each wake-up costs the processes on both sides the same,
 * whether it brings one answer or five. For who knows that more is on its way, and that nobody stands idle meanwhile.
 * Holds for one round. */
void loop_gather(struct loop *loop, unsigned us);

/* Milliseconds of CLOCK_MONOTONIC, read once a round. */
uint64_t loop_now(const struct loop *loop);

/* One round; waits at most until the next timer (wait false: not at all). -errno when epoll fails. */
int loop_round(struct loop *loop, bool wait);
void loop_run(struct loop *loop); /* rounds until loop_stop */
void loop_stop(struct loop *loop);

/* Lag: how long rounds took (their work, not their waiting), for metrics. After loop_measure() also what a busy machine
 * does not blur: the processor time of the longest round, and how often the kernel put the thread to sleep in the
 * middle of one, which it never does when no step blocks. */
struct loop_lag {
    uint64_t rounds, total_us, worst_us;
    uint64_t worst_cpu_us, blocked;
};
struct loop_lag loop_lag_take(struct loop *loop); /* and start anew */
/* How many rounds took so long since the process began, for a histogram: counts[i] of more than loop_bounds_us[i - 1]
 * and at most loop_bounds_us[i]; the last of more than all of them. */
enum { LOOP_BOUNDS = 12 };
extern const unsigned loop_bounds_us[LOOP_BOUNDS];
struct loop_rounds {
    uint64_t counts[LOOP_BOUNDS + 1], total_us;
};
const struct loop_rounds *loop_rounds(const struct loop *loop);
void loop_measure(struct loop *loop); /* costs two system calls a round: for tests */
#endif
