/* SPDX-License-Identifier: GPL-3.0-or-later
 * Runs every suite, or those named on the command line. */
#include "common/memory.h"
#include "tests/unit/suite.h"
#include <signal.h>

enum { SUITES_MAX = 96, SECONDS_MAX = 60 };

static struct {
    const char *name;
    void (*fill)(TCase *tests);
} suites[SUITES_MAX];
static int suite_count;

void suite_register(const char *name, void (*fill)(TCase *tests))
{
    if (suite_count == SUITES_MAX)
        abort();
    suites[suite_count].name = name;
    suites[suite_count++].fill = fill;
}

static int wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return 1;
    return argc == 1;
}

int main(int argc, char **argv)
{
    SRunner *runner = srunner_create(NULL);
    int failed;

    memory_init();
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < suite_count; i++) {
        Suite *suite;
        TCase *tests;

        if (!wanted(suites[i].name, argc, argv))
            continue;
        suite = suite_create(suites[i].name);
        tests = tcase_create(suites[i].name);
        tcase_set_timeout(tests, SECONDS_MAX);
        suites[i].fill(tests);
        suite_add_tcase(suite, tests);
        srunner_add_suite(runner, suite);
    }
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
