/* SPDX-License-Identifier: GPL-3.0-or-later
 * Jobs in the fence, for tests: the child is hostile-runner, found by MILLRACE_HOSTILE_RUNNER or beside the test
 * program; its kinds are those of tests/fenced/hostile.c. Each test has a tree of its own:
 *   job/        the job's folder: input, door -> ../other/secret, way -> ../other
 *   other/      another job's: secret */
#ifndef MILLRACE_FENCE_STAGE_H
#define MILLRACE_FENCE_STAGE_H
#include "queue/fence.h"
#include "tests/unit/suite.h"
#include <jansson.h>
#include <limits.h>

enum { PATIENCE = 30000 /* ms that an event may take to come */ };

extern const struct fence_limits usual;
extern char base[PATH_MAX / 4], folder[PATH_MAX / 2], runner[PATH_MAX];

/* A checked fixture. */
void stage_set(void);
void stage_clear(void);
/* The path of a file of the tree. */
void in_base(const char *name, char *ret, size_t size);

/* How a job ended. */
struct ending {
    int status;       /* as of wait(2) */
    int count;        /* of progress reports */
    int progress[16]; /* them */
    json_t *last;     /* the report with an outcome; NULL: none */
    struct rusage usage;
};
void ending_clear(struct ending *ending);
#define autoending __attribute__((cleanup(ending_clear))) struct ending

/* A request as it is, or one for a kind with args, which it takes over. */
struct fence_child text_start(const char *request, size_t length, const struct fence_limits *limits);
struct fence_child kind_start(const char *kind, const struct fence_limits *limits, json_t *args);
void ended_wait(const struct fence_child *child);
/* Wait for the end, for kinds whose reports fit in the pipe. */
struct ending child_end(struct fence_child *child);
struct ending kind_run(const char *kind, const struct fence_limits *limits, json_t *args);

/* A member of the last report; the result where it is a number. */
const char *last_text(const struct ending *ending, const char *name);
long long last_number(const struct ending *ending);

void check_done(const struct ending *ending);
void check_killed(const struct ending *ending, int number);
#endif
