/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/operate.h"
#include "common/array_text.h"
#include "common/json.h"
#include "common/memory.h"
#include "queue/queue_redis.h"
#include "queue/settings.h"
#include "queue/view.h"
#include "sql.h"
#include <stdarg.h>

__attribute__((format(printf, 2, 3))) static struct verdict verdict(enum error error, const char *format, ...)
{
    struct verdict verdict = { .error = error };
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(verdict.said, sizeof verdict.said, format, arguments);
    va_end(arguments);
    return verdict;
}

/* A statement that failed: what it refused, or what is wrong with PostgreSQL. */
static struct verdict refused(const struct result *result)
{
    bool ours = !strncmp(result->sqlstate, "MR", 2);
    return verdict(result->error, "%s%s", ours ? "" : "PostgreSQL: ", result->message);
}

/* ---- queues and kinds ---- */

/* One of them is NULL. */
static struct verdict ask_known(struct database *database, const char *queue, const char *kind)
{
    autoresult struct result result = { 0 };

    if (database_run(database, &sql_queue_kind_known, PARAMS({ "queue", queue }, { "kind", kind }), &result) < 0)
        return refused(&result);
    if (*result_text(&result, 0, "known") == 't')
        return verdict(E_NONE, " ");
    return verdict(E_NOT_FOUND, "there is no such %s", queue ? "queue" : "kind");
}

struct verdict queue_known(struct database *database, const char *queue)
{
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        if (!strcmp(kind->queue, queue))
            return verdict(E_NONE, " ");
    return ask_known(database, queue, NULL);
}

struct verdict kind_known(struct database *database, const char *kind)
{
    return job_kind_find(kind) ? verdict(E_NONE, " ") : ask_known(database, NULL, kind);
}

/* ---- jobs ---- */

/* What is done to a job: its row of job_show, and the ends of names. */
struct subject {
    struct result job;
    const char *id, *queue;
    struct redis *redis;         /* its queue's */
    const struct job_kind *kind; /* NULL: not this program's */
};

static void subject_clear(struct subject *subject)
{
    result_clear(&subject->job);
}
#define autosubject __attribute__((cleanup(subject_clear)))

static struct verdict subject_find(const struct actor *actor, void *ctx, const char *id, struct subject *ret)
{
    const struct field field = { .name = "id", .type = UUID, .flags = REQUIRED };
    struct field_errors errors = { 0 };
    const char *clean;

    if (!field_check_text(ctx, &field, "id", id, &errors, &clean))
        return verdict(E_INVALID, "is not a job's id");
    if (database_run(actor->database, &sql_queue_job_show, PARAMS({ "job_id", clean }), &ret->job) < 0)
        return refused(&ret->job);
    if (result_rows(&ret->job) == 0)
        return verdict(E_NOT_FOUND, "there is no such job");
    ret->id = clean;
    ret->queue = result_text(&ret->job, 0, "queue");
    ret->redis = queue_redis_get(actor->redis, ret->queue);
    ret->kind = job_kind_find(result_text(&ret->job, 0, "kind"));
    return verdict(E_NONE, " ");
}

/* Run a transaction; results are the caller's. The verdict of the statement that failed, if one did. */
static struct verdict transact(const struct actor *actor, const struct call *calls, size_t n, struct result *results)
{
    size_t failed = 0;

    if (database_run_all(actor->database, calls, n, results) == 0)
        return verdict(E_NONE, " ");
    while (failed + 1 < n && results[failed].error == E_NONE)
        failed++;
    return refused(&results[failed]);
}

static void results_clear(struct result *results, size_t n)
{
    for (size_t i = 0; i < n; i++)
        result_clear(&results[i]);
}

/* ---- cancel ---- */

/* When Redis does not hear of it, reserve finds that the job has ended. A worker that has just reserved it is asked to
 * stop: nothing of what it does can count any more. */
static void forget_waiting(const struct subject *subject)
{
    enum queue_where where;

    if (queue_cancel(subject->redis, subject->queue, subject->id, CANCEL_DROP, &where) == 0 && where == QUEUE_RUNNING)
        queue_cancel(subject->redis, subject->queue, subject->id, CANCEL_ASK, &where);
}

/* A job that waits ends here, as a worker would end it. */
static struct verdict cancel_waiting(const struct actor *actor, void *ctx, const struct subject *subject)
{
    enum { END, ENDED, AUDIT, OWN, CALLS };
    static const char why[] = "cancelled by an operator";
    const char *id = subject->id, *ids;
    struct array_text list = { 0 };
    struct result results[CALLS] = { 0 };
    struct verdict done;
    bool own = subject->kind && subject->kind->end;

    array_add(ctx, &list, id);
    ids = array_end(ctx, &list);
    const struct call calls[CALLS] = {
        [END] = { &sql_queue_job_ends,
                  PARAMS({ "ids", ids }, { "outcomes", "{cancelled}" }, { "results", "{NULL}" },
                         { "errors", FORMAT(ctx, "{\"%s\"}", why) }, { "epochs", "{0}" }, { "worker", "operator" }) },
        [ENDED] = { &sql_queue_job_ended, PARAMS({ "ids", ids }) },
        [OWN] = { own ? subject->kind->end : NULL, PARAMS({ "job_id", id }, { "outcome", "cancelled" },
                                                          { "result", NULL }, { "error", why }, { "folder", "" }) },
        [AUDIT] = { &sql_queue_audit_note, PARAMS({ "who", actor->who }, { "action", "cancel" }, { "target", id },
                                                  { "details", "{\"was\":\"waiting\"}" }) },
    };
    done = transact(actor, calls, own ? CALLS : OWN, results);
    if (done.error == E_CONFLICT && results[END].error == E_CONFLICT)
        done = verdict(E_CONFLICT, "it has just ended");
    if (done.error == E_NONE) {
        forget_waiting(subject);
        queue_redis_put_rows(actor->redis, &results[ENDED]);
        done = verdict(E_NONE, "was waiting and is cancelled");
    }
    results_clear(results, CALLS);
    return done;
}

static struct verdict cancel_running(const struct actor *actor, const struct subject *subject)
{
    struct result results[2] = { 0 };
    enum queue_where where;
    struct verdict done = transact(
        actor,
        (const struct call[]){
            { &sql_queue_cancel_ask, PARAMS({ "job_id", subject->id }, { "asked_by", actor->who }) },
            { &sql_queue_audit_note, PARAMS({ "who", actor->who }, { "action", "cancel" }, { "target", subject->id },
                                            { "details", "{\"was\":\"running\"}" }) } },
        2, results);

    results_clear(results, 2);
    if (done.error != E_NONE)
        return done;
    if (queue_cancel(subject->redis, subject->queue, subject->id, CANCEL_ASK, &where) < 0)
        return verdict(E_UNAVAILABLE, "the scheduler will ask its worker to stop it when Redis answers: %s",
                       redis_error(subject->redis));
    return verdict(E_NONE, "is running: its worker has been asked to stop it");
}

struct verdict operate_cancel(const struct actor *actor, const char *id)
{
    autotalloc void *ctx = talloc_new(NULL);
    autosubject struct subject subject = { .id = id };
    enum queue_where where = QUEUE_UNKNOWN;
    struct verdict found = subject_find(actor, ctx, id, &subject);

    if (found.error != E_NONE)
        return found;
    if (result_text(&subject.job, 0, "outcome"))
        return verdict(E_CONFLICT, "it has ended already");
    /* What Redis does not know cannot be running. When Redis is down a waiting job is ended all the same: the first end
     * stands, and a worker that has it notices. */
    queue_cancel(subject.redis, subject.queue, subject.id, CANCEL_LOOK, &where);
    return where == QUEUE_RUNNING ? cancel_running(actor, &subject) : cancel_waiting(actor, ctx, &subject);
}

/* ---- kick ---- */

struct verdict operate_kick(const struct actor *actor, const char *id)
{
    autotalloc void *ctx = talloc_new(NULL);
    autosubject struct subject subject = { .id = id };
    struct result results[2] = { 0 };
    struct verdict done = subject_find(actor, ctx, id, &subject);
    const struct job_kind *kind = subject.kind;
    bool ended; /* of one that has not the statement says why */

    if (done.error != E_NONE)
        return done;
    ended = result_text(&subject.job, 0, "outcome") != NULL;
    if (ended && !kind && *result_text(&subject.job, 0, "plain") != 't')
        return verdict(E_CONFLICT, "this program does not know its kind, %s", result_text(&subject.job, 0, "kind"));
    if (ended && kind && kind->end && !kind->kick)
        return verdict(E_CONFLICT, "what the end of a job of kind %s has done cannot be undone", kind->name);
    done = transact(
        actor,
        (const struct call[]){ { &sql_queue_job_kick, PARAMS({ "who", actor->who }, { "job_id", subject.id }) },
                               { kind ? kind->kick : NULL, PARAMS({ "job_id", subject.id }) } },
        kind && kind->kick ? 2 : 1, results);
    if (done.error == E_NONE)
        done = queue_redis_put_rows(actor->redis, &results[0]) == 0
                   ? verdict(E_NONE, "is put again")
                   : verdict(E_NONE, "is put again; Redis does not answer, the scheduler will tell it");
    results_clear(results, 2);
    return done;
}

/* ---- settings ---- */

/* Tell Redis at once what the scheduler would tell it within queue.reconcile seconds; false when it does not hear. */
static bool tell_settings(const struct actor *actor, const char *queue)
{
    autoresult struct result list = { 0 };
    size_t n;

    return database_run(actor->database, &sql_queue_queue_list, NO_PARAMS, &list) == 0 &&
           settings_send(queue_redis_get(actor->redis, queue), queue, &list, settings_row(&list, queue), &n) == 0;
}

/* Whether the kind that a setting names, if it names one, is one of the queue: any other would change nothing. */
static struct verdict setting_kind_known(const struct actor *actor, const char *queue, const char *name)
{
    const char *mark = strstr(name, ".kind:");
    const struct job_kind *kind = mark ? job_kind_find(mark + strlen(".kind:")) : NULL;
    struct verdict known;

    if (kind && strcmp(kind->queue, queue) != 0)
        return verdict(E_INVALID, "%.64s: this kind is of queue %s", name, kind->queue);
    if (!mark || !mark[strlen(".kind:")] || kind)
        return verdict(E_NONE, " ");
    known = ask_known(actor->database, NULL, mark + strlen(".kind:"));
    return known.error == E_NOT_FOUND ? verdict(E_NOT_FOUND, "%.64s: there is no such kind", name) : known;
}

struct verdict operate_set(const struct actor *actor, const char *queue, const char *name, const char *value)
{
    autoresult struct result result = { 0 };
    struct verdict known = queue_known(actor->database, queue);

    if (known.error == E_NONE && value)
        known = setting_kind_known(actor, queue, name);
    if (known.error != E_NONE)
        return known;
    if (database_run(actor->database, &sql_queue_queue_set,
                     PARAMS({ "who", actor->who }, { "queue", queue }, { "name", name }, { "value", value }),
                     &result) < 0)
        return refused(&result);
    return verdict(
        E_NONE, "%s %s%s%s%s", name, !value && *result_text(&result, 0, "had") == 'f' ? "was not set, it is " : "is ",
        value ? value : "as if nothing had been said now",
        *result_text(&result, 0, "nowhere") == 't' ? "; there is no such limiter yet: millrace limiter NAME RATE BURST"
                                                   : "",
        tell_settings(actor, queue) ? "" : "; Redis does not answer, the scheduler will tell it");
}

struct verdict operate_limiter(const struct actor *actor, const char *name, const char *rate, const char *burst)
{
    autoresult struct result result = { 0 };
    struct redis *redis = queue_redis_limiter(actor->redis, name);
    bool heard;

    /* The scheduler tells Redis of what is, not of what is no more. */
    if (!rate && redis_connect(redis) < 0)
        return verdict(E_UNAVAILABLE, "nothing was changed: Redis: %s", redis_error(redis));
    if (database_run(actor->database, rate ? &sql_queue_limiter_set : &sql_queue_limiter_remove,
                     PARAMS({ "who", actor->who }, { "name", name }, { "rate", rate }, { "burst", burst }),
                     &result) < 0)
        return refused(&result);
    heard = limiter_rate(redis, name, rate, burst) == 0 && limiter_block(redis, name, 0) == 0;
    if (!rate)
        return heard ? verdict(E_NONE, "is removed: queues that share it have no limit of it")
                     : verdict(E_UNAVAILABLE, "is removed, but Redis did not hear of it: add it and remove it again");
    return verdict(E_NONE, "is %s a second, %s at once%s", rate, burst,
                   heard ? "" : "; Redis does not answer, the scheduler will tell it");
}

/* ---- workers ---- */

static char *drain_details(void *ctx, const char *const *workers, size_t n)
{
    json_auto_t *names = json_array(), *details = NULL;

    for (size_t i = 0; i < n; i++)
        json_array_append_new(names, json_string(workers[i]));
    details = json_pack("{s:O}", "workers", names);
    return json_text(ctx, details);
}

struct verdict operate_drain(const struct actor *actor, const char *queue, const char *const *workers, size_t n)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result result = { 0 };
    struct redis *redis = queue_redis_get(actor->redis, queue);
    size_t asked = 0;

    if (redis_connect(redis) < 0)
        return verdict(E_UNAVAILABLE, "nobody was asked: Redis: %s", redis_error(redis));
    if (database_run(actor->database, &sql_queue_audit_note,
                     PARAMS({ "who", actor->who }, { "action", "drain" }, { "target", queue },
                            { "details", drain_details(ctx, workers, n) }),
                     &result) < 0)
        return refused(&result);
    for (size_t from = 0; from < n; from += QUEUE_BATCH) {
        size_t some = 0;

        if (queue_drain(redis, queue, workers + from, n - from < QUEUE_BATCH ? n - from : QUEUE_BATCH, &some) < 0)
            return verdict(E_UNAVAILABLE, "%zu were asked: Redis: %s", asked, redis_error(redis));
        asked += some;
    }
    if (asked == 0)
        return verdict(E_NOT_FOUND, "no such worker is there");
    return verdict(E_NONE, "%zu asked to end once %s jobs have", asked, asked == 1 ? "its" : "their");
}
