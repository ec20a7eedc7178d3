/* SPDX-License-Identifier: GPL-3.0-or-later
 * A slot: one running job, its child and its folder. */
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/storage.h"
#include "queue/worker_state.h"
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FILE_SIZE_MIB = 256,
    EXCUSED_DELAY = 30, /* seconds */
    REPORT_ROOM = 4096,
    READS = 64,         /* of one child's reports in one turn: others have leases to be renewed */
    READS_LAST = 65536, /* once it has ended: no more than its pipe holds will come */
};

bool slot_busy(const struct slot *slot)
{
    return slot->state != SLOT_FREE;
}

struct held slot_held(const struct slot *slot)
{
    return (struct held){ .id = slot->job->id, .packed = slot->packed, .epoch = slot->job->epoch };
}

/* The lease is surely ours until then, on clock_boot_ms(); a forked child reads it there. */
static void slot_safe(struct slot *slot, uint64_t until)
{
    struct worker *worker = slot->worker;

    slot->safe_until = until;
    worker->safe[slot - worker->slots] = slot->stop == STOP_NONE ? until : 0;
}

static struct slot *slot_of(struct job *job)
{
    return job->closure;
}

static void slot_ended(struct slot *slot)
{
    slot->state = SLOT_ENDED;
}

/* The outcome of an attempt that we stopped, whatever its function says. */
static void outcome_of_stop(struct slot *slot)
{
    struct job *job = slot->job;

    switch (slot->stop) {
    case STOP_CANCEL:
        job->outcome = JOB_CANCELLED;
        job->why = "cancelled by an operator";
        break;
    case STOP_DEADLINE:
        job_release(job, -1, "the job passed its deadline of %d s", job->deadline);
        break;
    case STOP_SHUTDOWN:
        slot->excused = true;
        job_release(job, 0, "the worker was stopped");
        break;
    case STOP_LOST:
    case STOP_NONE:
        break;
    }
}

void slot_excuse(struct slot *slot, const char *what, int r)
{
    slot->excused = true;
    job_release(slot->job, EXCUSED_DELAY, "%s: %s", what, strerror(-r));
    log_error("job.excused", "job=%s what=%s error=%s", slot->job->id, what, strerror(-r));
}

/* ---- what a job function may call (struct job_host) ---- */

static void host_progress(struct job *job, int percent)
{
    slot_of(job)->percent = percent;
}

static void host_finished(struct job *job, int r)
{
    struct slot *slot = slot_of(job);

    if (slot->state != SLOT_RUNNING) {
        outcome_of_stop(slot); /* stopped meanwhile: that outcome stands */
        return;
    }
    if (r == 0)
        job->outcome = JOB_DONE;
    else if (job->outcome == JOB_DONE)
        job_release(job, -1, "%s", strerror(-r));
    slot_ended(slot);
}

static bool host_still_mine(struct job *job)
{
    struct slot *slot = slot_of(job);
    struct worker *worker = slot->worker;
    uint64_t now =
        clock_boot_ms(); /* worker->now is when the jobs were reserved that are to be started after this one */

    if (now - worker->touched_at > (uint64_t)worker_lease_ms(worker) / 6)
        worker_touch(worker);
    return slot->stop == STOP_NONE && now < slot->safe_until;
}

const struct job_host worker_job_host = {
    .progress = host_progress,
    .finished = host_finished,
    .still_mine = host_still_mine,
};

/* ---- start ---- */

/* So long after its attempt is not surely ours any more a child ends by itself, should this process be held up (a
 * server that does not answer) or frozen: later than it is killed from here, so that no renewal comes too late, and
 * before anybody else may have the job. */
static uint64_t child_grace(const struct slot *slot)
{
    return (uint64_t)worker_lease_ms(slot->worker) / 6;
}

static uint64_t child_until(const struct slot *slot)
{
    return slot->safe_until + child_grace(slot);
}

/* Who was frozen between the question and its answer may renew a child that has ended itself meanwhile: that is no
 * failure of its job's. The clock is asked once the child knows of its new end, see expiry.c. */
void slot_renew(struct slot *slot, uint64_t safe_until)
{
    uint64_t ended_at = child_until(slot);

    slot_safe(slot, safe_until);
    if (slot->has_child && slot->job->kind->fenced)
        fence_renew(&slot->child, child_until(slot));
    if (slot->has_child && slot->stop == STOP_NONE && clock_boot_ms() >= ended_at)
        slot_stop(slot, STOP_LOST);
}

static char *request_text(const struct slot *slot)
{
    const struct job *job = slot->job;
    json_auto_t *request =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:i, s:O}", "id", job->id, "kind", job->kind->name, "product",
                  job->product, "account_id", (json_int_t)job->account_id, "request_id", job->request_id, "epoch",
                  (json_int_t)job->epoch, "attempt", job->attempt, "args", job->args);
    return request ? json_text((void *)(uintptr_t)job, request) : NULL;
}

static int start_fenced(struct slot *slot)
{
    struct job *job = slot->job;
    const struct config *config = slot->worker->config;
    const struct fence_limits limits = { .memory = config->worker_memory,
                                         .cpu = job->deadline,
                                         .file_size = FILE_SIZE_MIB,
                                         .landlock = config->worker_landlock };
    char *request = request_text(slot);
    int r;

    if (!request)
        return -EINVAL;
    slot->folder = FORMAT(job, "%s/%s.%llu", config->worker_folder, job->id, (unsigned long long)job->epoch);
    job->folder = slot->folder;
    if (mkdir(slot->folder, 0700) < 0)
        return -errno;
    r = fence_spawn(config->worker_runner, slot->folder, &limits, request, strlen(request), child_until(slot),
                    &slot->child);
    if (r < 0)
        return r;
    slot->has_child = true;
    return 0;
}

static void leave_descriptor(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* In a forked child: what only the dispatcher may use, or hear the end of. */
static void leave_worker(void *closure)
{
    struct worker *worker = closure;
    PGconn *pg = database_handle(worker->database);

    leave_descriptor(pg ? PQsocket(pg) : -1);
    leave_descriptor(redis_descriptor(worker->redis));
    leave_descriptor(redis_descriptor(worker->waiter));
    queue_redis_descriptors(worker->places, leave_descriptor);
    leave_descriptor(worker->signals);
    for (int i = 0; i < worker->slot_count; i++) {
        if (!worker->slots[i].has_child)
            continue;
        leave_descriptor(worker->slots[i].child.report);
        leave_descriptor(worker->slots[i].child.pidfd);
    }
}

int slot_fork(struct slot *slot, int (*work)(void *closure), void *closure)
{
    struct worker *worker = slot->worker;
    int r = forked_call(work, closure, &worker->safe[slot - worker->slots], child_grace(slot), leave_worker, worker,
                        &slot->child);

    slot->has_child = r == 0;
    return r;
}

static int start_forked(struct slot *slot)
{
    struct worker *worker = slot->worker;
    int r = forked_spawn(slot->job, &worker->safe[slot - worker->slots], child_grace(slot), leave_worker, worker,
                         &slot->child);

    slot->has_child = r == 0;
    return r;
}

void slot_start(struct slot *slot, struct job *job, const char *packed)
{
    struct worker *worker = slot->worker;
    int r;

    *slot = (struct slot){ .worker = worker,
                           .state = SLOT_RUNNING,
                           .job = job,
                           .packed = talloc_steal(job, packed),
                           .started_at = worker->now,
                           .deadline_at = worker->now + (uint64_t)job->deadline * 1000,
                           .percent = -1,
                           .told_percent = -1 };
    slot_safe(slot, worker->now + (uint64_t)worker_lease_ms(worker) * 2 / 3);
    job->host = &worker_job_host;
    job->closure = slot;
    job->tools = worker->options->tools;
    log_info("job.start", "job=%s kind=%s attempt=%d request=%s", job->id, job->kind->name, job->attempt,
             job->request_id);
    if (!job->kind->fenced && !job->kind->forked) {
        r = job->kind->run(job);
        if (r != JOB_PENDING)
            host_finished(job, r);
        return;
    }
    r = job->kind->fenced ? start_fenced(slot) : start_forked(slot);
    if (r < 0) {
        slot_excuse(slot, "the job's process could not be started", r);
        slot_ended(slot);
    }
}

/* ---- reports ---- */

static void report_last(struct slot *slot, const char *outcome, json_t *report)
{
    struct job *job = slot->job;
    const char *why = json_string_value(json_object_get(report, "why"));

    slot->reported = true;
    if (!strcmp(outcome, "done")) {
        job->outcome = JOB_DONE;
        json_decref(job->result);
        job->result = json_incref(json_object_get(report, "result"));
    } else if (!strcmp(outcome, "bury")) {
        job_bury(job, "%s", why ? why : "refused");
    } else if (!strcmp(outcome, "limited") && !job->kind->fenced) {
        job_limited(job, (int)json_integer_value(json_object_get(report, "delay")), "%s", why ? why : "limited");
    } else if (!strcmp(outcome, "snooze") || !strcmp(outcome, "limited")) {
        /* Behind the fence no provider is asked, and nobody's limiter may be stopped from there. */
        job_snooze(job, (int)json_integer_value(json_object_get(report, "delay")), "%s", why ? why : "later");
    } else {
        json_t *delay = json_object_get(report, "delay");
        job_release(job, delay ? (int)json_integer_value(delay) : -1, "%s", why ? why : "failed");
    }
}

static void report_line(struct slot *slot, const char *line, size_t length)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *report = NULL;
    const char *why, *outcome;
    json_t *progress;

    if (slot->reported || json_parse_strict(ctx, line, length, &report, &why) < 0 || !json_is_object(report))
        return; /* a child behind the fence may say anything: what is not a report counts for nothing */
    progress = json_object_get(report, "progress");
    if (json_is_integer(progress))
        job_progress(slot->job, (int)json_integer_value(progress));
    outcome = json_string_value(json_object_get(report, "outcome"));
    if (outcome)
        report_last(slot, outcome, report);
}

/* Room for more of a report line; false when it has passed its bound. */
static bool report_room(struct slot *slot)
{
    size_t room = slot->report ? talloc_get_size(slot->report) : 0;

    if (slot->report_length < room)
        return true;
    if (room >= FENCE_REPORT_MAX)
        return false;
    slot->report = memory_check(talloc_realloc_size(slot->job, slot->report, room ? room * 2 : REPORT_ROOM));
    return true;
}

static void report_lines(struct slot *slot)
{
    char *line = slot->report, *end;

    while ((end = memchr(line, '\n', slot->report_length - (size_t)(line - slot->report)))) {
        report_line(slot, line, (size_t)(end - line));
        line = end + 1;
    }
    slot->report_length -= (size_t)(line - slot->report);
    memmove(slot->report, line, slot->report_length);
}

/* Read what is there; a line beyond its bound is the child's end. */
static void report_read(struct slot *slot, int most)
{
    while (!slot->report_closed && most-- > 0) {
        ssize_t n;

        if (!report_room(slot)) {
            slot->report_closed = true;
            fence_kill(&slot->child);
            return;
        }
        n = read(slot->child.report, slot->report + slot->report_length,
                 talloc_get_size(slot->report) - slot->report_length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            slot->report_closed = true;
            return;
        }
        slot->report_length += (size_t)n;
        report_lines(slot);
    }
}

/* ---- end ---- */

static void child_ended(struct slot *slot)
{
    struct rusage usage;
    int status = 0;

    report_read(slot, READS_LAST);
    fence_kill(&slot->child); /* what it may have started, in its group, does not outlive it */
    fence_reap(&slot->child, &status, &usage);
    slot->has_child = false;
    log_debug("job.child", "job=%s status=%d cpu_ms=%ld rss_kb=%ld", slot->job->id, status,
              usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000, usage.ru_maxrss);
    if (slot->stop != STOP_LOST && slot->worker->now >= slot->safe_until)
        slot_stop(slot, STOP_LOST); /* we were frozen: somebody else may have it */
    if (slot->stop != STOP_NONE)
        outcome_of_stop(slot);
    else if (slot->storing)
        slot_stored(slot, status);
    else if (!slot->reported && WIFSIGNALED(status))
        job_release(slot->job, -1, "the job's process was killed by signal %d", WTERMSIG(status));
    else if (!slot->reported)
        job_release(slot->job, -1, "the job's process ended with %d and no result", WEXITSTATUS(status));
    else if (slot->job->outcome == JOB_DONE && slot->folder && slot_store(slot))
        return; /* it goes on, with another child */
    if (slot->stop != STOP_LOST)
        slot_ended(slot);
}

void slot_hear(struct slot *slot)
{
    struct pollfd ended = { .fd = slot->child.pidfd, .events = POLLIN };

    report_read(slot, READS);
    if (poll(&ended, 1, 0) > 0)
        child_ended(slot);
}

void slot_stop(struct slot *slot, enum stop_reason why)
{
    if (slot->stop != STOP_NONE && why != STOP_LOST)
        return;
    slot->stop = why;
    slot_safe(slot, slot->safe_until);
    log_info("job.stop", "job=%s reason=%s", slot->job->id,
             (const char *[]){ "", "cancel", "deadline", "lost", "shutdown" }[why]);
    if (slot->has_child)
        fence_kill(&slot->child);
    if (slot->has_child || why == STOP_LOST) {
        slot->state = SLOT_KILLED;
    } else if (slot->state == SLOT_RUNNING) {
        outcome_of_stop(slot);
        slot_ended(slot);
    }
}

void slot_free(struct slot *slot)
{
    if (slot->stored && !slot->offered)
        slot_discard(slot);
    if (slot->folder) {
        int r = folder_remove(slot->folder);
        if (r < 0)
            log_warning("job.folder", "folder=%s error=%s", slot->folder, strerror(-r));
    }
    if (slot->job)
        talloc_free(slot->job);
    *slot = (struct slot){ .worker = slot->worker };
}
