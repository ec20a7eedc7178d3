/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/wire/loop.h"
#include "tests/unit/suite.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct loop *new_loop(void)
{
    struct loop *loop;
    ck_assert_int_eq(loop_new(NULL, &loop), 0);
    return loop;
}

/* ---- timers ---- */

enum { TIMERS = 500 };

struct alarm_clock {
    struct timer timer;
    struct loop *loop;
    int again; /* how often it sets itself anew */
};
static uint64_t last_due;
static int due_count;

static void alarm_due(struct timer *timer)
{
    struct alarm_clock *clock = OWNER(timer, struct alarm_clock, timer);

    ck_assert_uint_ge(timer->at, last_due);
    ck_assert_uint_ge(loop_now(clock->loop), timer->at);
    last_due = timer->at;
    due_count++;
    if (clock->again-- > 0)
        loop_timer_set(clock->loop, timer, 0);
}

START_TEST(timers_fire_in_order_and_not_when_cleared)
{
    struct loop *loop = new_loop();
    static struct alarm_clock clocks[TIMERS];
    int left = 0;

    due_count = 0;
    last_due = 0;
    for (unsigned i = 0; i < TIMERS; i++) {
        clocks[i] = (struct alarm_clock){ .timer = { .due = alarm_due }, .loop = loop };
        loop_timer_set(loop, &clocks[i].timer, i * 7919 % 23);
        if (i % 5 == 0)
            loop_timer_set(loop, &clocks[i].timer, i * 104729 % 17); /* anew */
    }
    for (int i = 0; i < TIMERS; i++) {
        if (i % 3 == 0)
            loop_timer_clear(loop, &clocks[i].timer);
        else
            left++;
    }
    while (due_count < left)
        ck_assert_int_eq(loop_round(loop, true), 0);
    ck_assert_int_eq(due_count, left);
    for (int i = 0; i < TIMERS; i++)
        ck_assert_int_eq(clocks[i].timer.position, 0);
    talloc_free(loop);
}
END_TEST

START_TEST(a_timer_that_sets_itself_for_now_waits_for_the_next_round)
{
    struct loop *loop = new_loop();
    struct alarm_clock clock = { .timer = { .due = alarm_due }, .loop = loop, .again = 3 };

    due_count = 0;
    last_due = 0;
    loop_timer_set(loop, &clock.timer, 0);
    for (int i = 1; i <= 4; i++) {
        loop_round(loop, true);
        ck_assert_int_eq(due_count, i);
    }
    talloc_free(loop);
}
END_TEST

/* ---- deferred ---- */

struct later {
    struct deferred deferred;
    struct loop *loop;
    struct later *then;
    int calls;
    bool freed; /* it frees itself */
};

static void later_call(struct deferred *deferred)
{
    struct later *later = OWNER(deferred, struct later, deferred);

    later->calls++;
    if (later->then)
        loop_defer(later->loop, &later->then->deferred);
    if (later->freed)
        free(later);
}

START_TEST(what_is_deferred_while_deferred_is_called_in_the_same_round_once)
{
    struct loop *loop = new_loop();
    struct later second = { .deferred = { .call = later_call }, .loop = loop };
    struct later first = { .deferred = { .call = later_call }, .loop = loop, .then = &second };
    struct later *third = calloc(1, sizeof *third);

    *third = (struct later){ .deferred = { .call = later_call }, .loop = loop, .freed = true };
    loop_defer(loop, &first.deferred);
    loop_defer(loop, &first.deferred);
    loop_defer(loop, &third->deferred);
    loop_round(loop, false);
    ck_assert_int_eq(first.calls, 1);
    ck_assert_int_eq(second.calls, 1);
    loop_round(loop, false);
    ck_assert_int_eq(first.calls, 1);
    talloc_free(loop);
}
END_TEST

START_TEST(one_that_defers_itself_for_ever_does_not_hold_the_round)
{
    struct loop *loop = new_loop();
    struct later endless = { .deferred = { .call = later_call }, .loop = loop };

    endless.then = &endless;
    loop_defer(loop, &endless.deferred);
    loop_round(loop, true);
    ck_assert_int_gt(endless.calls, 1);
    loop_round(loop, true); /* does not wait: there is still something to do */
    talloc_free(loop);
}
END_TEST

START_TEST(what_is_taken_back_is_not_called)
{
    struct loop *loop = new_loop();
    struct later all[3];

    for (int i = 0; i < 3; i++) {
        all[i] = (struct later){ .deferred = { .call = later_call }, .loop = loop };
        loop_defer(loop, &all[i].deferred);
    }
    loop_undefer(loop, &all[2].deferred);
    loop_undefer(loop, &all[0].deferred);
    loop_undefer(loop, &all[0].deferred);
    loop_defer(loop, &all[2].deferred);
    loop_round(loop, false);
    ck_assert(all[0].calls == 0 && all[1].calls == 1 && all[2].calls == 1);
    talloc_free(loop);
}
END_TEST

/* ---- sources ---- */

struct bell {
    struct source source;
    struct deferred gone;
    struct loop *loop;
    struct bell **other;
};
static int rings;

static void bell_gone(struct deferred *deferred)
{
    free(OWNER(deferred, struct bell, gone));
}

/* Whoever rings first ends the other, whose event is in the same round. */
static void bell_ready(struct source *source, uint32_t events)
{
    struct bell *bell = OWNER(source, struct bell, source), *other = *bell->other;
    int fd = other->source.fd;

    ck_assert_uint_eq(events, EPOLLIN);
    rings++;
    loop_forget(bell->loop, &other->source);
    close(fd);
    loop_defer(bell->loop, &other->gone);
    *bell->other = NULL;
}

START_TEST(a_source_may_be_forgotten_and_freed_in_the_round_of_its_event)
{
    struct loop *loop = new_loop();
    struct bell *bells[2], *left;

    for (int i = 0; i < 2; i++) {
        bells[i] = calloc(1, sizeof *bells[i]);
        *bells[i] = (struct bell){
            .source = { .ready = bell_ready }, .gone = { .call = bell_gone }, .loop = loop, .other = &bells[!i]
        };
        ck_assert_int_eq(loop_watch(loop, &bells[i]->source, eventfd(1, EFD_NONBLOCK), EPOLLIN), 0);
    }
    rings = 0;
    loop_round(loop, true);
    ck_assert_int_eq(rings, 1);
    left = bells[0] ? bells[0] : bells[1];
    close(left->source.fd);
    free(left);
    talloc_free(loop);
}
END_TEST

static void count_ready(struct source *source, uint32_t events)
{
    (void)source;
    (void)events;
    rings++;
}

/* libpq closes a dead socket by itself, and accept() may be given its number before the owner knows. */
START_TEST(forgetting_a_closed_descriptor_leaves_its_numbers_new_owner_alone)
{
    struct loop *loop = new_loop();
    struct source old = { .ready = count_ready }, new = { .ready = count_ready };
    int fd = eventfd(0, EFD_NONBLOCK), again;

    ck_assert_int_eq(loop_watch(loop, &old, fd, EPOLLIN), 0);
    close(fd);
    again = eventfd(1, EFD_NONBLOCK);
    ck_assert_int_eq(again, fd);
    ck_assert_int_eq(loop_watch(loop, &new, again, EPOLLIN), 0);
    loop_change(loop, &old, EPOLLOUT);
    loop_forget(loop, &old);
    rings = 0;
    loop_round(loop, false);
    ck_assert_int_eq(rings, 1);
    close(again);
    talloc_free(loop);
}
END_TEST

START_TEST(lag_is_told_and_starts_anew)
{
    struct loop *loop = new_loop();
    struct loop_lag lag;

    loop_round(loop, false);
    loop_round(loop, false);
    lag = loop_lag_take(loop);
    ck_assert_uint_eq(lag.rounds, 2);
    ck_assert_uint_le(lag.worst_us, lag.total_us);
    ck_assert_uint_eq(loop_lag_take(loop).rounds, 0);
    talloc_free(loop);
}
END_TEST

static void sleep_a_little(struct timer *timer)
{
    (void)timer;
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

START_TEST(rounds_are_counted_by_how_long_they_took)
{
    struct loop *loop = new_loop();
    struct timer timer = { .due = sleep_a_little };
    uint64_t quick = 0, all = 0;

    loop_timer_set(loop, &timer, 0);
    loop_round(loop, false);
    loop_round(loop, false);
    for (int i = 0; i <= LOOP_BOUNDS; i++) {
        all += loop_rounds(loop)->counts[i];
        quick += i < LOOP_BOUNDS && loop_bounds_us[i] < 1000 ? loop_rounds(loop)->counts[i] : 0;
    }
    ck_assert_uint_eq(all, 2);
    ck_assert_uint_le(quick, 1); /* not the one that slept for a millisecond */
    ck_assert_uint_ge(loop_rounds(loop)->total_us, 1000);
    talloc_free(loop);
}
END_TEST

START_TEST(a_step_that_blocks_is_seen)
{
    struct loop *loop = new_loop();
    struct timer timer = { .due = sleep_a_little };

    loop_measure(loop);
    loop_round(loop, false);
    ck_assert_uint_eq(loop_lag_take(loop).blocked, 0);
    loop_timer_set(loop, &timer, 0);
    loop_round(loop, false);
    ck_assert_uint_eq(loop_lag_take(loop).blocked, 1);
    talloc_free(loop);
}
END_TEST

/* ---- gathering ---- */

struct counter {
    struct source source;
    int calls;
};

static void counter_ready(struct source *source, uint32_t events)
{
    (void)events;
    OWNER(source, struct counter, source)->calls++;
}

/* The shortest of many rounds, in microseconds: what a busy machine adds does not count. */
static long shortest_round(struct loop *loop, bool gather, bool wait)
{
    long best = LONG_MAX;

    for (int i = 0; i < 50; i++) {
        struct timespec began, ended;
        long us;

        if (gather)
            loop_gather(loop, 100);
        clock_gettime(CLOCK_MONOTONIC, &began);
        ck_assert_int_eq(loop_round(loop, wait), 0);
        clock_gettime(CLOCK_MONOTONIC, &ended);
        us = (ended.tv_sec - began.tv_sec) * 1000000 + (ended.tv_nsec - began.tv_nsec) / 1000;
        best = us < best ? us : best;
    }
    return best;
}

START_TEST(a_round_gathers_only_when_asked_and_when_it_may_wait)
{
    struct loop *loop = new_loop();
    struct counter counter = { .source = { .ready = counter_ready } };
    autoclose int fd = eventfd(1, EFD_CLOEXEC); /* ready all the time */

    ck_assert_int_eq(loop_watch(loop, &counter.source, fd, EPOLLIN), 0);
    ck_assert_int_ge(shortest_round(loop, true, true), 100);
    ck_assert_int_lt(shortest_round(loop, false, true), 100);
    ck_assert_int_lt(shortest_round(loop, true, false), 100);
    ck_assert_int_eq(counter.calls, 150);
    talloc_free(loop);
}
END_TEST

SUITE(loop)
{
    tcase_add_test(tests, timers_fire_in_order_and_not_when_cleared);
    tcase_add_test(tests, a_timer_that_sets_itself_for_now_waits_for_the_next_round);
    tcase_add_test(tests, what_is_deferred_while_deferred_is_called_in_the_same_round_once);
    tcase_add_test(tests, one_that_defers_itself_for_ever_does_not_hold_the_round);
    tcase_add_test(tests, what_is_taken_back_is_not_called);
    tcase_add_test(tests, a_source_may_be_forgotten_and_freed_in_the_round_of_its_event);
    tcase_add_test(tests, forgetting_a_closed_descriptor_leaves_its_numbers_new_owner_alone);
    tcase_add_test(tests, lag_is_told_and_starts_anew);
    tcase_add_test(tests, rounds_are_counted_by_how_long_they_took);
    tcase_add_test(tests, a_step_that_blocks_is_seen);
    tcase_add_test(tests, a_round_gathers_only_when_asked_and_when_it_may_wait);
}
