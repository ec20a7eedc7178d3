/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a slot's children say, and what comes after each. */
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/job_result.h"
#include "queue/worker_state.h"
#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    REPORT_ROOM = 4096,
    READS = 64,         /* of one child's reports in one turn: others have leases to be renewed */
    READS_LAST = 65536, /* once it has ended: no more than its pipe holds will come */
    DELAY_MAX = 3600,   /* seconds that a fenced function may put itself off */
};

/* ---- reports ---- */

/* What speaks is behind the fence: it may say anything. */
static bool is_fenced(const struct slot *slot)
{
    return slot->phase == PHASE_RUN && slot->job->kind->fenced;
}

/* Behind the fence nobody puts himself off for ever. */
static int delay_of(const struct slot *slot, const json_t *report)
{
    const json_t *said = json_object_get(report, "delay");
    json_int_t delay = said ? json_integer_value(said) : -1, most = is_fenced(slot) ? DELAY_MAX : INT_MAX;

    return (int)(delay < -1 ? -1 : delay > most ? most : delay);
}

static void report_last(struct slot *slot, const char *outcome, json_t *report)
{
    struct job *job = slot->job;
    const char *why = json_string_value(json_object_get(report, "why"));

    slot->reported = true;
    if (!strcmp(outcome, "done")) {
        job->outcome = JOB_DONE;
        json_decref(job->result);
        job->result = json_incref(json_object_get(report, "result"));
        if (is_fenced(slot))
            job_result_check(job);
    } else if (!strcmp(outcome, "bury")) {
        job_bury(job, "%s", why ? why : "refused");
    } else if (!strcmp(outcome, "limited") && !is_fenced(slot)) {
        job_limited(job, delay_of(slot, report), "%s", why ? why : "limited");
    } else if (!strcmp(outcome, "snooze") && !is_fenced(slot)) {
        job_snooze(job, delay_of(slot, report), "%s", why ? why : "later");
    } else { /* also what else was said behind the fence: no provider is asked there */
        job_release(job, delay_of(slot, report), "%s", why ? why : "failed");
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

/* An attempt's child has ended well. True: another of its children goes on. */
static bool goes_on(struct slot *slot)
{
    struct job *job = slot->job;
    enum slot_phase next = slot->phase + 1;
    int r;

    if (!slot->folder)
        return false;
    if (slot->phase == PHASE_GATHER) {
        job->gathered = job->result;
        job->result = NULL;
    }
    if (next == PHASE_CONCLUDE && !job->kind->conclude)
        next = PHASE_STORE;
    if (next == PHASE_STORE)
        return slot_store(slot);
    r = slot_phase(slot, next);
    if (r < 0)
        slot_excuse(slot, "the job's process could not be started", r);
    return r == 0;
}

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
        slot_stopped(slot);
    else if (slot->phase == PHASE_STORE)
        slot_stored(slot, status);
    else if (!slot->reported && WIFSIGNALED(status))
        job_release(slot->job, -1, "the job's process was killed by signal %d", WTERMSIG(status));
    else if (!slot->reported)
        job_release(slot->job, -1, "the job's process ended with %d and no result", WEXITSTATUS(status));
    else if (slot->job->outcome == JOB_DONE && goes_on(slot))
        return;
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
