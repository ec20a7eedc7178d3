/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace-runner: the kinds of workers/fenced/, inside the fence. */
#include "queue/runner.h"

int main(int argc, char **argv)
{
    return runner_main(argc, argv);
}
