/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/wire/pool.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

enum { TASKS = 200 };

struct sum {
    struct task task;
    pthread_t ran_in;
    int in, out;
    bool masked;
};
static int done_count;

static void sum_run(struct task *task)
{
    struct sum *sum = OWNER(task, struct sum, task);
    sigset_t set;

    pthread_sigmask(SIG_SETMASK, NULL, &set);
    sum->masked = sigismember(&set, SIGTERM) && sigismember(&set, SIGUSR1);
    sum->ran_in = pthread_self();
    sum->out = sum->in * 2;
}

static void sum_done(struct task *task)
{
    struct sum *sum = OWNER(task, struct sum, task);

    ck_assert_int_eq(sum->out, sum->in * 2);
    ck_assert(sum->masked && !pthread_equal(sum->ran_in, pthread_self()));
    done_count++;
}

START_TEST(tasks_run_in_threads_and_end_in_the_loop)
{
    void *ctx = talloc_new(NULL);
    static struct sum sums[TASKS];
    struct loop *loop;
    struct pool *pool;

    done_count = 0;
    ck_assert_int_eq(loop_new(ctx, &loop), 0);
    ck_assert_int_eq(pool_new(ctx, loop, 3, TASKS, &pool), 0);
    for (int i = 0; i < TASKS; i++) {
        sums[i] = (struct sum){ .task = { .run = sum_run, .done = sum_done }, .in = i };
        ck_assert_int_eq(pool_submit(pool, &sums[i].task), 0);
    }
    ck_assert_int_eq(done_count, 0);
    while (done_count < TASKS)
        ck_assert_int_eq(loop_round(loop, true), 0);
    talloc_free(ctx);
}
END_TEST

struct gate {
    struct task task;
    sem_t *running, *open;
};

static void gate_run(struct task *task)
{
    struct gate *gate = OWNER(task, struct gate, task);

    sem_post(gate->running);
    sem_wait(gate->open);
}

static void gate_done(struct task *task)
{
    (void)task;
    done_count++;
}

START_TEST(a_full_queue_refuses_and_takes_again)
{
    void *ctx = talloc_new(NULL);
    sem_t running, open;
    struct gate gates[4];
    struct loop *loop;
    struct pool *pool;

    done_count = 0;
    sem_init(&running, 0, 0);
    sem_init(&open, 0, 0);
    ck_assert_int_eq(loop_new(ctx, &loop), 0);
    ck_assert_int_eq(pool_new(ctx, loop, 1, 2, &pool), 0);
    for (int i = 0; i < 4; i++)
        gates[i] = (struct gate){ { .run = gate_run, .done = gate_done }, &running, &open };
    ck_assert_int_eq(pool_submit(pool, &gates[0].task), 0);
    sem_wait(&running); /* it has left the queue */
    ck_assert_int_eq(pool_submit(pool, &gates[1].task), 0);
    ck_assert_int_eq(pool_submit(pool, &gates[2].task), 0);
    ck_assert_int_eq(pool_submit(pool, &gates[3].task), -EAGAIN);
    for (int i = 0; i < 3; i++)
        sem_post(&open);
    while (done_count < 3)
        loop_round(loop, true);
    sem_post(&open);
    ck_assert_int_eq(pool_submit(pool, &gates[3].task), 0);
    while (done_count < 4)
        loop_round(loop, true);
    talloc_free(ctx);
}
END_TEST

SUITE(pool)
{
    tcase_add_test(tests, tasks_run_in_threads_and_end_in_the_loop);
    tcase_add_test(tests, a_full_queue_refuses_and_takes_again);
}
