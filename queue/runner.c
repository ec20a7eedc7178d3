/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/runner.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "queue/fence.h"
#include "queue/job.h"
#include "queue/report.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

enum { REQUEST_FD = 0, REPORT_FD = 3, EXPIRY_FD = 4, STATUS_EXPIRED = 124 };

struct options {
    struct fence_limits limits;
    bool list;
};

/* ---- the command line ---- */

static int positive_parse(const char *text, int *ret)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < 1 || value > INT_MAX || text[0] < '0' || text[0] > '9')
        return -EINVAL;
    *ret = (int)value;
    return 0;
}

static int yes_parse(const char *text, bool *ret)
{
    if (strcmp(text, "yes") && strcmp(text, "no"))
        return -EINVAL;
    *ret = !strcmp(text, "yes");
    return 0;
}

/* -EINVAL unless --kind-list stands alone or every limit is given. */
static int options_parse(int argc, char **argv, struct options *ret)
{
    static const struct option table[] = {
        { "memory", required_argument, NULL, 'm' },    { "cpu", required_argument, NULL, 'c' },
        { "file-size", required_argument, NULL, 'f' }, { "landlock", required_argument, NULL, 'l' },
        { "kind-list", no_argument, NULL, 'k' },       { NULL, 0, NULL, 0 },
    };
    struct options options = { .list = false };
    bool landlock_given = false;
    int option, r = 0;

    while (r == 0 && (option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == 'm')
            r = positive_parse(optarg, &options.limits.memory);
        else if (option == 'c')
            r = positive_parse(optarg, &options.limits.cpu);
        else if (option == 'f')
            r = positive_parse(optarg, &options.limits.file_size);
        else if (option == 'l')
            landlock_given = (r = yes_parse(optarg, &options.limits.landlock)) == 0;
        else if (option == 'k')
            options.list = true;
        else
            r = -EINVAL;
    }
    if (r < 0 || optind != argc)
        return -EINVAL;
    if (!options.list && !(options.limits.memory && options.limits.cpu && options.limits.file_size && landlock_given))
        return -EINVAL;
    *ret = options;
    return 0;
}

static int kinds_print(void)
{
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        if (kind->run)
            puts(kind->name);
    return fflush(stdout) ? 1 : 0;
}

/* ---- reports ---- */

static void tell_progress(struct job *job, int percent)
{
    (void)job;
    if (report_progress(REPORT_FD, percent) < 0)
        _exit(1);
}

static bool always_mine(struct job *job)
{
    (void)job; /* nothing in here reaches the outside */
    return true;
}

static const struct job_host fenced_host = { .progress = tell_progress, .still_mine = always_mine };

/* ---- the request ---- */

/* Up to the end of file: bytes has room for one more than a request may have, to see that there is more. */
static ssize_t request_read(char *bytes)
{
    size_t length = 0;
    ssize_t n;

    while (length <= FENCE_REQUEST_MAX && (n = read(REQUEST_FD, bytes + length, FENCE_REQUEST_MAX + 1 - length)) != 0) {
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            length += (size_t)n;
    }
    return length > FENCE_REQUEST_MAX ? -E2BIG : (ssize_t)length;
}

static const char *text_or_empty(struct job *job, const json_t *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request, name));

    return text ? COPY(job, text) : "";
}

static uint64_t epoch_of(const json_t *value)
{
    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10) : (uint64_t)json_integer_value(value);
}

/* What the dispatcher says of the job; it has checked the arguments. A negative number with the job's outcome set when
 * this is not a job that can run here. */
static int job_fill(struct job *job, json_t *request)
{
    const char *kind = json_string_value(json_object_get(request, "kind"));

    if (!kind)
        return job_bury(job, "the request is not a job");
    snprintf(job->id, sizeof job->id, "%s", text_or_empty(job, request, "id"));
    job->product = text_or_empty(job, request, "product");
    job->request_id = text_or_empty(job, request, "request_id");
    job->account_id = json_integer_value(json_object_get(request, "account_id"));
    job->epoch = epoch_of(json_object_get(request, "epoch"));
    job->attempt = (int)json_integer_value(json_object_get(request, "attempt"));
    job->args = json_incref(json_object_get(request, "args"));
    job->gathered = json_incref(json_object_get(request, "gathered"));
    job->kind = job_kind_find(kind);
    if (!job->kind || !job->kind->run)
        return job_bury(job, "unknown kind %s", kind);
    if (!json_is_object(job->args))
        return job_bury(job, "the arguments are not an object");
    return 0;
}

static int job_read(struct job *job)
{
    autotalloc char *bytes = memory_check(talloc_size(job, FENCE_REQUEST_MAX + 1));
    json_auto_t *request = NULL;
    ssize_t length = request_read(bytes);
    const char *why;

    if (length < 0)
        return job_bury(job, "the request cannot be read: %s", strerror((int)-length));
    if (json_parse_strict(job, bytes, (size_t)length, &request, &why) < 0)
        return job_bury(job, "the request is not JSON: %s", why);
    return job_fill(job, request);
}

/* ---- one attempt ---- */

/* Before fence_enter(), which closes the descriptor. -EBADF: it was not given. */
static int expiry_map(const expiry_time **ret)
{
    void *time = mmap(NULL, sizeof **ret, PROT_READ, MAP_SHARED, EXPIRY_FD, 0);

    if (time == MAP_FAILED)
        return -errno;
    *ret = time;
    return 0;
}

static void expire(void)
{
    _exit(STATUS_EXPIRED);
}

/* Put up the fence, and inside it the thread that ends the child in time. */
static int enter(const struct fence_limits *limits, const char *folder)
{
    const expiry_time *until = NULL;
    int r = expiry_map(&until);

    if (r < 0 && r != -EBADF)
        return r;
    r = fence_enter(limits, folder);
    return r == 0 && until ? expiry_watch(until, 0, expire) : r;
}

static void job_run(struct job *job)
{
    int r = job->kind->run(job);

    if (r == 0)
        job->outcome = JOB_DONE;
    else if (r > 0)
        job_bury(job, "%s would wait inside the fence", job->kind->name);
    else if (job->outcome == JOB_DONE)
        job_release(job, -1, "%s", strerror(-r));
}

static int attempt(const struct fence_limits *limits)
{
    struct job *job = NEW(NULL, struct job);
    char *folder = getcwd(NULL, 0);
    int r;

    job->host = &fenced_host;
    job->folder = folder;
    if (job_read(job) == 0) {
        r = folder ? enter(limits, folder) : -errno;
        if (r < 0) {
            log_error("fence.refused", "job=%s why=\"%s\"", job->id, strerror(-r));
            job_release(job, -1, "the fence cannot be put up: %s", strerror(-r));
        } else {
            job_run(job);
        }
    }
    return report_end(REPORT_FD, job);
}

int runner_main(int argc, char **argv)
{
    struct options options;

    memory_init();
    log_init("millrace-runner", LOG_INFO);
    if (options_parse(argc, argv, &options) < 0) {
        fputs("usage: millrace-runner --memory=MIB --cpu=SECONDS --file-size=MIB --landlock=yes|no\n"
              "       millrace-runner --kind-list\n",
              stderr);
        return 2;
    }
    if (options.list)
        return kinds_print();
    /* The exit handlers of a dozen libraries have no work left that matters, and the fence does not know what they
     * may call. */
    _exit(attempt(&options.limits) < 0 ? 1 : 0);
}
