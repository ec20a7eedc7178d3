/* SPDX-License-Identifier: GPL-3.0-or-later
 * What libFuzzer calls. The program is the target that it is called by: build/fuzz/targets/NAME. */
#include "tests/fuzz/shared/fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As libFuzzer declares them. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *slash = strrchr((*argv)[0], '/');

    (void)argc;
    target = fuzz_find(slash ? slash + 1 : (*argv)[0]);
    if (!target) {
        fprintf(stderr, "%s: call it by the name of a target: build/fuzz/targets/NAME\n", (*argv)[0]);
        exit(2);
    }
    fuzz_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target->run(data, size);
    return 0;
}
