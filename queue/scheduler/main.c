/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/program.h"
#include "queue/reconcile.h"

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    char **words;
    int status, r;
    const struct config *config = program_start(ctx, "millrace-scheduler", "", argc, argv, &words, &status);

    if (!config)
        return status;
    if (words[0]) {
        fputs("millrace-scheduler: takes no words\n", stderr);
        return 2;
    }
    r = reconcile_run(config);
    if (r < 0)
        log_error("scheduler.start", "error=%s", strerror(-r));
    return r < 0;
}
