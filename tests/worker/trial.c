/* SPDX-License-Identifier: GPL-3.0-or-later
 * trial: the queue's real worker, scheduler, runner and migration with kinds whose jobs do as their arguments say.
 * Built twice: trial-next (TRIAL_NEXT) is the release that comes after, with a newer version of a kind and one more. */
#include "common/database.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/seal.h"
#include "common/token.h"
#include "queue/cli/command.h"
#include "queue/queue_redis.h"
#include "queue/reconcile.h"
#include "queue/runner.h"
#include "queue/worker.h"
#include "queue/worker_state.h"
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef TRIAL_NEXT
enum { DO_VERSION = 2 };
#else
enum { DO_VERSION = 1 };
#endif

/* ---- what a job may do ---- */

static int done(struct job *job)
{
    long long size = job_number(job, "size", 0);

    if (size > 0) { /* the text of the result is as long as that */
        char *text = memory_check(talloc_size(job, (size_t)size));
        memset(text, 'x', (size_t)size);
        text[size - 2] = '\0';
        job->result = json_string(text);
    } else {
        job->result = json_pack("{s:i, s:i}", "attempt", job->attempt, "pid", (int)getpid());
    }
    return 0;
}

static int fail(struct job *job)
{
    return job_release(job, (int)job_number(job, "delay", -1), "attempt %d failed", job->attempt);
}

static int fail_once(struct job *job)
{
    return job->attempt == 1 ? fail(job) : done(job);
}

static int bury(struct job *job)
{
    return job_bury(job, "no further try would help");
}

static int snooze(struct job *job)
{
    return job_snooze(job, (int)job_number(job, "delay", 0), "not now");
}

static int limited(struct job *job)
{
    return job_limited(job, (int)job_number(job, "delay", 1), "too many requests");
}

static int die(struct job *job)
{
    (void)job;
    _exit(66);
}

/* Never ends by itself. */
static int hang(struct job *job)
{
    (void)job;
    return JOB_PENDING;
}

/* As one inside the fence that blocks. */
static int block(struct job *job)
{
    job_progress(job, 5);
    poll(NULL, 0, (int)job_number(job, "ms", 60000));
    return done(job);
}

static int grow(struct job *job)
{
    static char *volatile kept; /* for ever */
    size_t size = (size_t)job_number(job, "size", 0);

    kept = memory_check(talloc_size(NULL, size));
    memset(kept, 1, size);
    job->result = json_true();
    return 0;
}

/* Ends in so many milliseconds, without blocking. */
struct timer {
    struct timer *next;
    struct job *job;
    uint64_t at;
};
static struct timer *timers;

static int timer_forget(struct timer *timer)
{
    struct timer **at = &timers;

    while (*at && *at != timer)
        at = &(*at)->next;
    if (*at)
        *at = timer->next;
    return 0;
}

static int wait_awhile(struct job *job)
{
    struct timer *timer = NEW(job, struct timer);

    *timer = (struct timer){ .next = timers, .job = job, .at = clock_boot_ms() + (uint64_t)job_number(job, "ms", 100) };
    timers = timer;
    talloc_set_destructor(timer, timer_forget);
    return JOB_PENDING;
}

static const struct {
    const char *name;
    int (*run)(struct job *job);
} deeds[] = {
    { "done", done },        { "fail", fail }, { "fail_once", fail_once }, { "bury", bury },   { "snooze", snooze },
    { "limited", limited },  { "die", die },   { "hang", hang },           { "block", block }, { "grow", grow },
    { "wait", wait_awhile },
};

static int do_as(struct job *job, const char *name, int (*otherwise)(struct job *job))
{
    for (size_t i = 0; i < ELEMENTS(deeds); i++)
        if (name && !strcmp(deeds[i].name, name))
            return deeds[i].run(job);
    return otherwise(job);
}

static int run(struct job *job)
{
    return do_as(job, job_text(job, "do"), done);
}

/* ---- what a job in several children does ---- */

static const struct sql trial_word = { "trial/word",
                                       "select id || ' of ' || kind as word from job where id = :job_id" };

/* Of the database, which the child has a connection of its own to; on the job. NULL: it did not answer. */
static char *word_of(struct job *job)
{
    autoresult struct result result = { 0 };

    if (database_run(job->tools->database, &trial_word, PARAMS({ "job_id", job->id }), &result) < 0)
        return NULL;
    return COPY(job, result_text(&result, 0, "word"));
}

static int word_write(const char *path, const char *word)
{
    FILE *to = fopen(path, "we");
    bool good = to && fputs(word, to) >= 0;

    return to && fclose(to) == 0 && good ? 0 : -EIO;
}

static int word_read(struct job *job, const char *path, char **ret)
{
    char line[200];
    FILE *from = fopen(path, "re");

    if (!from || !fgets(line, sizeof line, from))
        return job_bury(job, "%s cannot be read", path);
    fclose(from);
    *ret = COPY(job, line);
    return 0;
}

static int fetch(struct job *job)
{
    const char *word = word_of(job), *in = FORMAT(job, "%s/in", job->folder);

    if (!word || mkdir(in, 0700) < 0 || word_write(FORMAT(job, "%s/word", in), word) < 0)
        return job_release(job, -1, "it could not be fetched");
    job_progress(job, 10);
    job->result = json_pack("{s:i}", "fetched", (int)getpid());
    return 0;
}

static int chew(struct job *job)
{
    char *word;
    int r = word_read(job, "in/word", &word);

    if (r == 0)
        r = word_write("kept", word);
    job_progress(job, 20);
    job->result = json_pack("{s:s, s:O}", "word", word, "gathered", job->gathered);
    return r;
}

static int sum_up(struct job *job)
{
    char *kept;
    int r = word_read(job, FORMAT(job, "%s/kept", job->folder), &kept);

    if (r < 0)
        return r;
    if (!word_of(job) || strcmp(word_of(job), kept) != 0)
        return job_bury(job, "the file says %s", kept);
    json_object_set_new(job->result, "summed", json_integer(getpid()));
    return 0;
}

static int before(struct job *job)
{
    return do_as(job, job_text(job, "before"), fetch);
}

static int within(struct job *job)
{
    return do_as(job, job_text(job, "do"), chew);
}

static int after(struct job *job)
{
    return do_as(job, job_text(job, "after"), sum_up);
}

static int wait_for_both(void *closure, struct pollfd *descriptors, unsigned n, int timeout_ms)
{
    struct timer *timer;
    uint64_t now = clock_boot_ms();
    int r;

    (void)closure;
    for (timer = timers; timer; timer = timer->next) {
        uint64_t left = timer->at > now ? timer->at - now : 0;
        if (timeout_ms < 0 || left < (uint64_t)timeout_ms)
            timeout_ms = (int)left;
    }
    r = poll(descriptors, n, timeout_ms);
    now = clock_boot_ms();
    for (timer = timers; timer;) {
        struct job *job = timer->job;

        if (timer->at > now) {
            timer = timer->next;
            continue;
        }
        timer_forget(timer);
        job_finished(job, done(job));
        timer = timers;
    }
    return r;
}

/* Says what it is told to say, and leaves as many files. */
static int tell(struct job *job)
{
    int r = 0;

    for (long long i = 0; r == 0 && i < job_number(job, "size", 0); i++)
        r = word_write(FORMAT(job, "file-%lld", i), "x");
    if (r < 0)
        return r;
    if (job_number(job, "delay", -1) >= 0)
        return job_release(job, (int)job_number(job, "delay", -1), "later");
    job->result = json_incref(json_object_get(job->args, "said"));
    return 0;
}

/* ---- kinds ---- */

/* The product's row. Where the arguments say so it cannot be written when the job is done. */
static const struct sql trial_end = {
    "trial/end",
    "insert into trial_end (id, outcome, error, broken)"
    " select j.id, :outcome, :error, 1 / case when j.args ->> 'broken' = 'true' and :outcome = 'done' then 0"
    " else 1 end from job j where j.id = :job_id"
};

/* A number that was said behind the fence, in a column that is too small for some. */
static const struct sql trial_told_end = {
    "trial/told", "insert into trial_end (id, outcome, error, broken)"
                  " values (:job_id, :outcome, :error, (:result::json ->> 'number')::integer)"
};

/* Has to wait while somebody has the lock. */
static const struct sql trial_begin = { "trial/begin",
                                        "select pg_advisory_xact_lock_shared(1) from job where id = :job_id" };

#define ARGUMENTS                                                                                                      \
    FIELDS({ .name = "do", .type = TEXT, .max = 20 }, { .name = "before", .type = TEXT, .max = 20 },                   \
           { .name = "after", .type = TEXT, .max = 20 },                                                               \
           { .name = "delay", .type = INTEGER, .min = -1, .max = 100000 },                                             \
           { .name = "ms", .type = INTEGER, .min = 0, .max = 600000 },                                                 \
           { .name = "size", .type = INTEGER, .min = 3, .max = 1 << 30 }, { .name = "broken", .type = BOOLEAN },       \
           { .name = "previous", .type = UUID }, { .name = "said", .type = OBJECT })
#define KIND(name_, queue_, ...)                                                                                       \
    {                                                                                                                  \
        .name = name_, .queue = queue_, .version = 1, .deadline = 30, .tries = 3, .backoff = 1, .in = ARGUMENTS,       \
        .run = run, __VA_ARGS__                                                                                        \
    }

/* clang-format off */
const struct job_kind job_kinds[] = {
    KIND("trial.bare", "trial"),
    { .name = "trial.do", .queue = "trial", .version = DO_VERSION, .deadline = 30, .tries = 3, .backoff = 1,
      .in = ARGUMENTS, .run = run, .end = &trial_end },
    { .name = "trial.short", .queue = "trial", .version = 1, .deadline = 1, .tries = 2, .backoff = 1, .in = ARGUMENTS,
      .run = run, .begin = &trial_begin, .end = &trial_end },
    { .name = "trial.fenced", .queue = "trial", .version = 1, .deadline = 2, .tries = 2, .backoff = 1, .in = ARGUMENTS,
      .run = run, .fenced = true, .end = &trial_end },
    { .name = "trial.phases", .queue = "trial", .version = 1, .deadline = 2, .tries = 2, .backoff = 1, .in = ARGUMENTS,
      .gather = before, .run = within, .conclude = after, .fenced = true, .end = &trial_end },
    { .name = "trial.told", .queue = "trial", .version = 1, .deadline = 20, .tries = 2, .backoff = 1, .in = ARGUMENTS,
      .out = FIELDS({ .name = "word", .type = WORD, .flags = REQUIRED, .min = 1, .max = 8 },
                    { .name = "number", .type = INTEGER, .max = 1LL << 62 }),
      .run = tell, .fenced = true, .end = &trial_told_end },
#ifdef TRIAL_NEXT
    KIND("trial.new", "trial"),
#endif
    KIND("other.do", "other", .end = &trial_end),
    KIND("other.wide", "other", .slots = 3),
    { .name = NULL },
};
/* clang-format on */

/* ---- programs ---- */

static int work(const struct config *config, const char *queue)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct job_tools tools = { .config = config };
    struct worker_options options = {
        .config = config, .queue = queue, .kinds = job_kinds, .tools = &tools, .wait = wait_for_both
    };
    struct seal_ring *seals;
    const char *why;

    if (seal_ring_new(ctx, config->seal_keys, config->keys, &seals, &why) < 0)
        return 1;
    tools.keys = config->keys;
    tools.seals = seals;
    tools.database = database_new(ctx, config->database_url, config->database_timeout);
    return worker_run(&options) < 0;
}

static int command(const struct config *config, int (*what)(struct operation *operation), char **words)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct operation operation = { .ctx = ctx, .config = config, .words = words };

    operation.database = database_new(ctx, config->database_url, config->database_timeout);
    operation.redis = queue_redis_new(ctx, config);
    return what(&operation);
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct config *config;
    char **words;
    int status;

    if (argc > 1 && !strncmp(argv[1], "--memory=", strlen("--memory=")))
        return runner_main(argc, argv);
    config = program_start(ctx, "trial", "worker QUEUE|scheduler|migrate|cancel ID", argc, argv, &words, &status);
    if (!config)
        return status;
    if (words[0] && !strcmp(words[0], "worker") && words[1])
        return work(config, words[1]);
    if (words[0] && !strcmp(words[0], "scheduler"))
        return reconcile_run(config) < 0;
    if (words[0] && !strcmp(words[0], "migrate"))
        return command(config, command_migrate, words + 1);
    if (words[0] && !strcmp(words[0], "cancel") && words[1])
        return command(config, command_cancel, words + 1);
    return 2;
}
