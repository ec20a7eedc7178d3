/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/wire/loop.h"
#include "common/memory.h"
#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,     /* taken from the kernel in one round */
    DEFERRED_MAX = 65536, /* called at the end of one round; the rest waits for the next, which does not wait */
    FOREVER = -1,
};

const unsigned loop_bounds_us[LOOP_BOUNDS] = { 50, 100, 200, 350, 500, 750, 1000, 1500, 2500, 5000, 20000, 100000 };

struct loop {
    int epoll;
    bool stopped;
    unsigned gather_us; /* 0: not */
    bool measured;
    uint64_t now;
    struct timer **heap; /* from 1 on: the children of n are 2n and 2n+1 */
    int timers;
    /* Who watches a descriptor. A library may close a descriptor behind its source's back and the kernel give the
     * number to somebody else: forgetting the old source must not take the new one's registration away. */
    struct source **watchers;
    struct deferred *first, **last;
    struct epoll_event events[EVENTS_MAX];
    int ready, at; /* events of this round, and the one being called */
    struct loop_lag lag;
    struct loop_rounds rounds;
};

static uint64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int loop_close(struct loop *loop)
{
    close(loop->epoll);
    return 0;
}

int loop_new(void *ctx, struct loop **ret)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    struct loop *loop;

    if (fd < 0)
        return -errno;
    loop = NEW(ctx, struct loop);
    loop->epoll = fd;
    loop->now = clock_us() / 1000;
    loop->last = &loop->first;
    talloc_set_destructor(loop, loop_close);
    *ret = loop;
    return 0;
}

/* ---- descriptors ---- */

static bool loop_watches(const struct loop *loop, const struct source *source)
{
    return source->fd >= 0 && (size_t)source->fd < talloc_array_length(loop->watchers) &&
           loop->watchers[source->fd] == source;
}

static void loop_watcher_set(struct loop *loop, int fd, struct source *source)
{
    size_t room = talloc_array_length(loop->watchers), more;

    if ((size_t)fd >= room) {
        more = (size_t)fd + 1 > room * 2 ? (size_t)fd + 64 : room * 2;
        loop->watchers = memory_check(talloc_realloc(loop, loop->watchers, struct source *, more));
        memset(loop->watchers + room, 0, (more - room) * sizeof(struct source *));
    }
    loop->watchers[fd] = source;
}

int loop_watch(struct loop *loop, struct source *source, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = source };

    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    source->fd = fd;
    source->events = events;
    loop_watcher_set(loop, fd, source);
    return 0;
}

void loop_change(struct loop *loop, struct source *source, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = source };

    if (source->events == events || !loop_watches(loop, source))
        return;
    source->events = events;
    /* Fails when the descriptor was closed by a library: its owner finds that out by other means. */
    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_forget(struct loop *loop, struct source *source)
{
    if (loop_watches(loop, source)) {
        epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
        loop->watchers[source->fd] = NULL;
    }
    source->fd = -1;
    source->events = 0;
    for (int i = loop->at + 1; i < loop->ready; i++)
        if (loop->events[i].data.ptr == source)
            loop->events[i].data.ptr = NULL;
}

/* ---- timers: a binary heap ---- */

static void heap_put(struct loop *loop, struct timer *timer, int position)
{
    loop->heap[position] = timer;
    timer->position = position;
}

/* Move the timer up or down from its position to where it belongs. */
static void heap_settle(struct loop *loop, struct timer *timer)
{
    int here = timer->position, child;

    for (; here > 1 && loop->heap[here / 2]->at > timer->at; here /= 2)
        heap_put(loop, loop->heap[here / 2], here);
    for (; (child = here * 2) <= loop->timers; here = child) {
        if (child < loop->timers && loop->heap[child + 1]->at < loop->heap[child]->at)
            child++;
        if (loop->heap[child]->at >= timer->at)
            break;
        heap_put(loop, loop->heap[child], here);
    }
    heap_put(loop, timer, here);
}

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t in_milliseconds)
{
    timer->at = loop->now + in_milliseconds;
    if (!timer->position) {
        timer->position = ++loop->timers;
        if ((size_t)loop->timers >= talloc_array_length(loop->heap))
            loop->heap = memory_check(talloc_realloc(loop, loop->heap, struct timer *, (size_t)loop->timers * 2 + 64));
        loop->heap[timer->position] = timer;
    }
    heap_settle(loop, timer);
}

void loop_timer_clear(struct loop *loop, struct timer *timer)
{
    int here = timer->position;
    struct timer *last;

    if (!here)
        return;
    timer->position = 0;
    last = loop->heap[loop->timers--];
    if (last == timer)
        return;
    heap_put(loop, last, here);
    heap_settle(loop, last);
}

static void loop_timers_run(struct loop *loop)
{
    /* Only those due when the round began: one that sets itself anew for now waits for the next round. */
    for (int left = loop->timers; left > 0 && loop->timers && loop->heap[1]->at <= loop->now; left--) {
        struct timer *timer = loop->heap[1];
        loop_timer_clear(loop, timer);
        timer->due(timer);
    }
}

/* ---- the end of the round ---- */

void loop_defer(struct loop *loop, struct deferred *deferred)
{
    if (deferred->queued)
        return;
    deferred->queued = true;
    deferred->next = NULL;
    *loop->last = deferred;
    loop->last = &deferred->next;
}

void loop_undefer(struct loop *loop, struct deferred *deferred)
{
    struct deferred **at = &loop->first;

    if (!deferred->queued)
        return;
    while (*at != deferred)
        at = &(*at)->next;
    *at = deferred->next;
    if (!*at)
        loop->last = at;
    deferred->queued = false;
}

static void loop_deferred_run(struct loop *loop)
{
    for (int calls = 0; loop->first && calls < DEFERRED_MAX; calls++) {
        struct deferred *deferred = loop->first;
        loop_undefer(loop, deferred);
        deferred->call(deferred); /* may free it */
    }
}

/* ---- rounds ---- */

static int loop_wait_time(const struct loop *loop, bool wait)
{
    uint64_t now;

    if (!wait || loop->first || loop->stopped)
        return 0;
    if (!loop->timers)
        return FOREVER;
    now = clock_us() / 1000;
    if (loop->heap[1]->at <= now)
        return 0;
    return loop->heap[1]->at - now > 60000 ? 60000 : (int)(loop->heap[1]->at - now);
}

/* What a round is measured by. */
struct stand {
    uint64_t wall_us, cpu_us, sleeps;
};

static struct stand loop_stand(const struct loop *loop)
{
    struct stand stand = { .wall_us = clock_us() };
    struct rusage usage;

    if (!loop->measured || getrusage(RUSAGE_THREAD, &usage) < 0)
        return stand;
    stand.cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                   (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    stand.sleeps = (uint64_t)usage.ru_nvcsw;
    return stand;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void loop_rounds_add(struct loop *loop, uint64_t us)
{
    int i = 0;

    while (i < LOOP_BOUNDS && us > loop_bounds_us[i])
        i++;
    loop->rounds.counts[i]++;
    loop->rounds.total_us += us;
}

const struct loop_rounds *loop_rounds(const struct loop *loop)
{
    return &loop->rounds;
}

static void loop_lag_add(struct loop *loop, const struct stand *began)
{
    struct stand ended = loop_stand(loop);

    loop_rounds_add(loop, ended.wall_us - began->wall_us);
    loop->lag.rounds++;
    loop->lag.total_us += ended.wall_us - began->wall_us;
    loop->lag.worst_us = larger(loop->lag.worst_us, ended.wall_us - began->wall_us);
    loop->lag.worst_cpu_us = larger(loop->lag.worst_cpu_us, ended.cpu_us - began->cpu_us);
    loop->lag.blocked += ended.sleeps - began->sleeps;
}

void loop_measure(struct loop *loop)
{
    loop->measured = true;
}

void loop_gather(struct loop *loop, unsigned us)
{
    if (!loop->gather_us || us < loop->gather_us)
        loop->gather_us = us;
}

static void loop_pause(struct loop *loop, bool wait)
{
    const struct timespec moment = { .tv_nsec = loop->gather_us * 1000L };

    if (loop->gather_us && wait && !loop->first)
        nanosleep(&moment, NULL);
    loop->gather_us = 0;
}

int loop_round(struct loop *loop, bool wait)
{
    struct stand began;
    int n;

    loop_pause(loop, wait);
    n = epoll_wait(loop->epoll, loop->events, EVENTS_MAX, loop_wait_time(loop, wait));
    began = loop_stand(loop);

    if (n < 0 && errno != EINTR)
        return -errno;
    loop->now = began.wall_us / 1000;
    loop->ready = n < 0 ? 0 : n;
    for (loop->at = 0; loop->at < loop->ready; loop->at++) {
        struct source *source = loop->events[loop->at].data.ptr;
        if (source) /* NULL: forgotten by one called before it in this round */
            source->ready(source, loop->events[loop->at].events);
    }
    loop->ready = 0;
    loop_timers_run(loop);
    loop_deferred_run(loop);
    loop_lag_add(loop, &began);
    return 0;
}

void loop_run(struct loop *loop)
{
    int r = 0;

    while (!loop->stopped && r == 0)
        r = loop_round(loop, true);
    assert(r == 0); /* epoll_wait fails only for a wrong descriptor or address */
    loop->stopped = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

uint64_t loop_now(const struct loop *loop)
{
    return loop->now;
}

struct loop_lag loop_lag_take(struct loop *loop)
{
    struct loop_lag lag = loop->lag;
    loop->lag = (struct loop_lag){ 0 };
    return lag;
}
