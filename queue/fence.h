/* SPDX-License-Identifier: GPL-3.0-or-later
 * The fence: the child process in which bytes from outside meet a decoder, and heavy kinds run. No network, no
 * database, no files but its job's folder (and read-only system libraries, fonts and tables), no signals or limits to
 * any other process; bounded memory, processor time and file size; a deadline kept by the parent.
 *
 * Protocol with the child (millrace-runner): descriptor 0 gives the job as one JSON object, then end of file;
 * descriptor 4 is one expiry_time, when the child is to end by itself (without it: never);
 * descriptor 3 takes reports, one JSON object a line: {"progress": 37}, and one last
 * {"outcome": "done", "result": ...} | {"outcome": "release", "delay": n, "why": ...} | {"outcome": "bury", "why":
 * ...}. A child that ends without a last report has crashed: one attempt is lost. Its standard output and error go to
 * the worker's log. */
#ifndef MILLRACE_FENCE_H
#define MILLRACE_FENCE_H
#include "queue/expiry.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct fence_limits {
    int memory;    /* MiB of address space; not set under AddressSanitizer */
    int cpu;       /* seconds */
    int file_size; /* MiB of one file */
    bool landlock; /* refuse to go on where the kernel has none */
};

enum {
    FENCE_REQUEST_MAX = 1 << 20, /* bytes of a request */
    FENCE_REPORT_MAX = 1 << 20,  /* bytes of one report line; millrace-runner writes none longer, and who reads them
                                  * must not keep more of what a broken child writes */
};

/* ---- the child's side ---- */

/* Fence this process in, for good: folder is the one place it may write. Descriptors above 3 are closed. Call when
 * all that needs files elsewhere has been loaded or lies in the allowed places, and while the process has one thread
 * (-EBUSY). -EOWNERDEAD when nobody holds the other end of descriptor 3 any more: the parent is gone. -errno when any
 * part cannot be set up (then the process must end).
 *
 * What is over the limits fails in an orderly way where it can: memory with ENOMEM, descriptors with EMFILE, a file's
 * size with EFBIG (SIGXFSZ is ignored). Processor time ends in SIGXCPU, a forbidden system call in SIGSYS. */
int fence_enter(const struct fence_limits *limits, const char *folder);

/* ---- the parent's side ---- */

struct fence_child {
    pid_t pid;          /* also its process group */
    int pidfd;          /* readable when it has ended */
    int report;         /* read end of descriptor 3, non-blocking */
    expiry_time *until; /* when it ends by itself; NULL: it has no such time */
};

/* Start runner as a child in a process group of its own, with request (bytes of JSON) on descriptor 0, cwd = folder
 * and a bare environment; it dies with the thread that called this. Both paths are absolute. 0, and the caller reaps
 * it; or -errno (-EINVAL: a path that is not absolute; -E2BIG: more than FENCE_REQUEST_MAX). It ends by itself at until
 * (clock_boot_ms, ms), unless fence_renew() puts that off. */
int fence_spawn(const char *runner, const char *folder, const struct fence_limits *limits, const char *request,
                size_t length, uint64_t until, struct fence_child *ret);
void fence_renew(const struct fence_child *child, uint64_t until);
/* SIGKILL to the whole group. Harmless after fence_reap(). */
void fence_kill(const struct fence_child *child);
/* Collect an ended child and close its descriptors, so read its last reports first: *ret_status as of wait(2). Blocks
 * until it has ended. -ECHILD: it has been reaped already. */
int fence_reap(struct fence_child *child, int *ret_status, struct rusage *ret_usage);
#endif
