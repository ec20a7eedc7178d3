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

void slot_ended(struct slot *slot)
{
    slot->state = SLOT_ENDED;
}

void slot_stopped(struct slot *slot)
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
        slot_stopped(slot); /* stopped meanwhile: that outcome stands */
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
    if (slot->has_child && slot->child.until)
        fence_renew(&slot->child, child_until(slot));
    if (slot->has_child && slot->stop == STOP_NONE && clock_boot_ms() >= ended_at)
        slot_stop(slot, STOP_LOST);
}

static char *request_text(const struct slot *slot)
{
    const struct job *job = slot->job;
    json_auto_t *request =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:i, s:O, s:O*}", "id", job->id, "kind", job->kind->name, "product",
                  job->product, "account_id", (json_int_t)job->account_id, "request_id", job->request_id, "epoch",
                  (json_int_t)job->epoch, "attempt", job->attempt, "args", job->args, "gathered", job->gathered);
    return request ? json_text((void *)(uintptr_t)job, request) : NULL;
}

static int start_fenced(struct slot *slot)
{
    struct job *job = slot->job;
    const struct job_kind *kind = job->kind;
    const struct config *config = slot->worker->config;
    const struct fence_limits limits = { .memory = kind->memory ? kind->memory : config->worker_memory,
                                         .cpu = job->deadline,
                                         .file_size = kind->file_size ? kind->file_size : FILE_SIZE_MIB,
                                         .landlock = config->worker_landlock };
    char *request = request_text(slot), *runner;

    if (!request)
        return -EINVAL;
    runner =
        kind->runner ? FORMAT(job, "%s-%s", config->worker_runner, kind->runner) : COPY(job, config->worker_runner);
    return fence_spawn(runner, slot->folder, &limits, request, strlen(request), child_until(slot), &slot->child);
}

static void leave_descriptor(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* In a forked child, the job's: a connection of its own, and time for statements that take some. */
static const struct job_tools *tools_of_child(struct job *job)
{
    const struct config *config = job->tools->config;
    struct job_tools *tools = NEW(job, struct job_tools);

    *tools = *job->tools;
    tools->transfers = NULL;
    if (config)
        tools->database = database_new(tools, config->database_url, config->database_timeout);
    if (tools->places)
        tools->places = queue_redis_new(tools, config);
    return tools;
}

/* In a forked child: what only the dispatcher may use, or hear the end of. */
static void leave_worker(void *closure)
{
    struct slot *leaving = closure;
    struct worker *worker = leaving->worker;
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
    leaving->job->tools = tools_of_child(leaving->job);
}

int slot_fork(struct slot *slot, int (*work)(void *closure), void *closure)
{
    struct worker *worker = slot->worker;
    int r = forked_call(work, closure, &worker->safe[slot - worker->slots], child_grace(slot), leave_worker, slot,
                        &slot->child);

    slot->has_child = r == 0;
    return r;
}

static int start_forked(struct slot *slot, int (*run)(struct job *job))
{
    return forked_spawn(slot->job, run, &slot->worker->safe[slot - slot->worker->slots], child_grace(slot),
                        leave_worker, slot, &slot->child);
}

int slot_phase(struct slot *slot, enum slot_phase phase)
{
    const struct job_kind *kind = slot->job->kind;
    int r;

    slot->phase = phase;
    slot->reported = slot->report_closed = false;
    slot->report_length = 0;
    if (phase == PHASE_RUN && kind->fenced)
        r = start_fenced(slot);
    else
        r = start_forked(slot, phase == PHASE_GATHER     ? kind->gather
                               : phase == PHASE_CONCLUDE ? kind->conclude
                                                         : kind->run);
    slot->has_child = r == 0;
    return r;
}

/* A folder for what the job reads and leaves, and its first child. */
static int start_in_folder(struct slot *slot)
{
    struct job *job = slot->job;
    const char *folder =
        FORMAT(job, "%s/%s.%llu", slot->worker->config->worker_folder, job->id, (unsigned long long)job->epoch);

    if (mkdir(folder, 0700) < 0)
        return -errno;
    slot->folder = job->folder = folder;
    return slot_phase(slot, job->kind->gather ? PHASE_GATHER : PHASE_RUN);
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
                           .percent = job->kind->begin ? 0 : -1, /* 0 is told: its product shows that it has begun */
                           .told_percent = -1 };
    slot_safe(slot, worker->now + (uint64_t)worker_lease_ms(worker) * 2 / 3);
    job->ends_at = slot->deadline_at;
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
    r = job->kind->fenced ? start_in_folder(slot) : slot_phase(slot, PHASE_RUN);
    if (r < 0) {
        slot_excuse(slot, "the job's process could not be started", r);
        slot_ended(slot);
    }
}

/* ---- end ---- */

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
        slot_stopped(slot);
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
