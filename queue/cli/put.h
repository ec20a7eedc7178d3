/* SPDX-License-Identifier: GPL-3.0-or-later
 * The two halves of millrace put: put.c (one job), put_stream.c (a job a line). */
#ifndef MILLRACE_PUT_H
#define MILLRACE_PUT_H
#include "queue/cli/command.h"

struct stream_options {
    const char *file; /* or "-" */
    const char *batch, *finally, *product, *tenant;
    bool wait, strict;
    long long timeout; /* negative: none */
};
/* The exit status. */
int put_stream(struct operation *operation, const struct stream_options *options);
#endif
