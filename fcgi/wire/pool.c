/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/wire/pool.h"
#include "common/memory.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STACK_SIZE = 256 * 1024 };

struct list {
    struct task *first, **last;
};

struct pool {
    struct loop *loop;
    struct source source; /* the eventfd: something is in done */
    int limit;
    pthread_t *threads;
    int count;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;
    struct list queue, done;
    int queued;
    bool stopping;
};

static void list_init(struct list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_push(struct list *list, struct task *task)
{
    task->next = NULL;
    *list->last = task;
    list->last = &task->next;
}

static struct task *list_pop(struct list *list)
{
    struct task *task = list->first;

    if (task && !(list->first = task->next))
        list->last = &list->first;
    return task;
}

/* The next task; NULL when the pool stops. */
static struct task *pool_next(struct pool *pool)
{
    struct task *task = NULL;

    pthread_mutex_lock(&pool->mutex);
    while (!pool->stopping && !(task = list_pop(&pool->queue)))
        pthread_cond_wait(&pool->wake, &pool->mutex);
    if (task)
        pool->queued--;
    pthread_mutex_unlock(&pool->mutex);
    return task;
}

static void *pool_thread(void *closure)
{
    struct pool *pool = closure;
    struct task *task;

    while ((task = pool_next(pool))) {
        bool first;

        task->run(task);
        pthread_mutex_lock(&pool->mutex);
        first = !pool->done.first;
        list_push(&pool->done, task);
        pthread_mutex_unlock(&pool->mutex);
        if (first)
            eventfd_write(pool->source.fd, 1);
    }
    return NULL;
}

static void pool_ready(struct source *source, uint32_t events)
{
    struct pool *pool = OWNER(source, struct pool, source);
    struct task *task, *next;
    eventfd_t count;

    (void)events;
    eventfd_read(source->fd, &count);
    pthread_mutex_lock(&pool->mutex);
    task = pool->done.first;
    list_init(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
    for (; task; task = next) {
        next = task->next;
        task->done(task); /* may free it */
    }
}

/* Waits for the tasks that run; those in the queue are dropped. */
static int pool_free(struct pool *pool)
{
    int fd = pool->source.fd;

    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    loop_forget(pool->loop, &pool->source);
    close(fd);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->wake);
    return 0;
}

/* Signals are the main thread's business. */
static int pool_start(struct pool *pool, int threads)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int r = 0;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->count < threads && r == 0) {
        r = pthread_create(&pool->threads[pool->count], &attributes, pool_thread, pool);
        if (r == 0)
            pool->count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return -r;
}

int pool_new(void *ctx, struct loop *loop, int threads, int queue_limit, struct pool **ret)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), r;
    struct pool *pool;

    if (fd < 0)
        return -errno;
    pool = NEW(ctx, struct pool);
    pool->loop = loop;
    pool->limit = queue_limit;
    pool->source.ready = pool_ready;
    pool->threads = memory_check(talloc_zero_array(pool, pthread_t, (unsigned)threads));
    list_init(&pool->queue);
    list_init(&pool->done);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    r = loop_watch(loop, &pool->source, fd, EPOLLIN);
    if (r < 0) {
        close(fd);
        talloc_free(pool);
        return r;
    }
    talloc_set_destructor(pool, pool_free);
    r = pool_start(pool, threads);
    if (r < 0) {
        talloc_free(pool);
        return r;
    }
    *ret = pool;
    return 0;
}

int pool_submit(struct pool *pool, struct task *task)
{
    int r = 0;

    pthread_mutex_lock(&pool->mutex);
    if (pool->queued >= pool->limit) {
        r = -EAGAIN;
    } else {
        pool->queued++;
        list_push(&pool->queue, task);
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->mutex);
    return r;
}
