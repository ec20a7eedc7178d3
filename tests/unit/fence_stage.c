/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/fence_stage.h"
#include "common/memory.h"
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORTS_MAX = 64 << 10 };

const struct fence_limits usual = { .memory = 512, .cpu = 10, .file_size = 4, .landlock = true };
char base[PATH_MAX / 4], folder[PATH_MAX / 2], runner[PATH_MAX];

/* ---- the stage ---- */

void in_base(const char *name, char *ret, size_t size)
{
    ck_assert_int_lt(snprintf(ret, size, "%s/%s", base, name), (int)size);
}

static void file_make(const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;

    in_base(name, path, sizeof path);
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void link_make(const char *target, const char *name)
{
    char path[PATH_MAX];

    in_base(name, path, sizeof path);
    ck_assert_int_eq(symlink(target, path), 0);
}

static void runner_find(void)
{
    const char *given = getenv("MILLRACE_HOSTILE_RUNNER");
    ssize_t length;

    if (given) {
        ck_assert_ptr_nonnull(realpath(given, runner));
        return;
    }
    length = readlink("/proc/self/exe", runner, sizeof runner - 32);
    ck_assert_int_gt(length, 0);
    runner[length] = '\0';
    snprintf(strrchr(runner, '/'), 32, "/hostile-runner");
}

void stage_set(void)
{
    char path[PATH_MAX];

    runner_find();
    snprintf(base, sizeof base, "/tmp/millrace-fence-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    in_base("job", folder, sizeof folder);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    in_base("other", path, sizeof path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    file_make("job/input", "bytes");
    file_make("other/secret", "secret");
    link_make("../other/secret", "job/door");
    link_make("../other", "job/way");
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

void stage_clear(void)
{
    nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- a job in the fence, to its end ---- */

void ending_clear(struct ending *ending)
{
    json_decref(ending->last);
}

void ended_wait(const struct fence_child *child)
{
    struct pollfd ended = { .fd = child->pidfd, .events = POLLIN };

    ck_assert_int_eq(poll(&ended, 1, PATIENCE), 1);
}

static void line_hear(struct ending *ending, const char *line)
{
    json_auto_t *report = json_loads(line, 0, NULL);

    ck_assert_msg(report != NULL, "not JSON: %s", line);
    ck_assert_ptr_null(ending->last);
    if (json_object_get(report, "outcome")) {
        ending->last = json_incref(report);
        return;
    }
    ck_assert_int_lt(ending->count, (int)ELEMENTS(ending->progress));
    ending->progress[ending->count++] = (int)json_integer_value(json_object_get(report, "progress"));
}

struct ending child_end(struct fence_child *child)
{
    struct ending ending = { .status = -1 };
    char text[REPORTS_MAX + 1], *rest = text, *line;
    ssize_t length;

    ended_wait(child);
    length = read(child->report, text, REPORTS_MAX);
    ck_assert_int_ge(length, 0);
    text[length] = '\0';
    while ((line = strsep(&rest, "\n")) && *line)
        line_hear(&ending, line);
    ck_assert_int_eq(fence_reap(child, &ending.status, &ending.usage), 0);
    return ending;
}

struct fence_child text_start(const char *request, size_t length, const struct fence_limits *limits)
{
    struct fence_child child;

    ck_assert_int_eq(fence_spawn(runner, folder, limits, request, length, UINT64_MAX, &child), 0);
    return child;
}

struct fence_child kind_start(const char *kind, const struct fence_limits *limits, json_t *args)
{
    json_auto_t *request =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:i, s:o}", "id", "0190f0de-0000-7000-8000-000000000001", "kind",
                  kind, "product", "expenses", "account_id", (json_int_t)42, "request_id", "r1", "epoch",
                  "18446744073709551615", "attempt", 2, "args", args);
    autofree char *text = json_dumps(request, JSON_COMPACT);

    ck_assert_ptr_nonnull(text);
    return text_start(text, strlen(text), limits);
}

struct ending kind_run(const char *kind, const struct fence_limits *limits, json_t *args)
{
    struct fence_child child = kind_start(kind, limits, args);

    return child_end(&child);
}

const char *last_text(const struct ending *ending, const char *name)
{
    return json_string_value(json_object_get(ending->last, name));
}

long long last_number(const struct ending *ending)
{
    const json_t *result = json_object_get(ending->last, "result");

    ck_assert_msg(json_is_integer(result), "status %x", ending->status);
    return json_integer_value(result);
}

void check_done(const struct ending *ending)
{
    ck_assert_msg(WIFEXITED(ending->status) && WEXITSTATUS(ending->status) == 0, "status %x", ending->status);
    ck_assert_pstr_eq(last_text(ending, "outcome"), "done");
}

void check_killed(const struct ending *ending, int number)
{
    ck_assert_msg(WIFSIGNALED(ending->status) && WTERMSIG(ending->status) == number, "status %x", ending->status);
    ck_assert_ptr_null(ending->last);
}
