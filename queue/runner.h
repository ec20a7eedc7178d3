/* SPDX-License-Identifier: GPL-3.0-or-later
 * A runner: the program inside the fence. One process, one attempt of one job; see queue/fence.h for what its
 * descriptors carry. A program is a runner by calling this from main() and carrying a table job_kinds. */
#ifndef MILLRACE_RUNNER_H
#define MILLRACE_RUNNER_H

/* Read the request, enter the fence, run the kind's function and report. The request is
 *   {"id": text, "kind": text, "args": object, "attempt": n, "epoch": n or digits,
 *    "product": text, "account_id": n, "request_id": text, "gathered": object}
 * of which the last four may be missing or null. The working directory is the job's folder.
 *
 * Ends the process, without its exit handlers: 0 when the last report is written (also of a job that was refused), 1
 * when it is not. Returns main()'s result only where no job runs: 0 after --kind-list, 2 for a wrong command line. */
int runner_main(int argc, char **argv);
#endif
