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

/* Each test has a process of its own; with AddressSanitizer, where a fork takes a hundred times as long as most tests,
 * only those of suites that change the process (its environment) or measure it. */
static const char *const apart[] = { "config", "fence" };
#ifdef __SANITIZE_ADDRESS__
#define FORK_STATUS CK_NOFORK
#else
#define FORK_STATUS CK_FORK
#endif

static int is_apart(const char *name)
{
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        if (!strcmp(apart[i], name))
            return 1;
    return 0;
}

static int wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return 1;
    return argc == 1;
}

/* Run those of the suites that are wanted: how many tests have failed. */
static int run(int which, enum fork_status forks, int argc, char **argv)
{
    SRunner *runner = srunner_create(NULL);
    int failed;

    srunner_set_fork_status(runner, forks);
    for (int i = 0; i < suite_count; i++) {
        Suite *suite;
        TCase *tests;

        if (is_apart(suites[i].name) != which || !wanted(suites[i].name, argc, argv))
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
    return failed;
}

int main(int argc, char **argv)
{
    int failed;

    memory_init();
    signal(SIGPIPE, SIG_IGN);
    failed = run(1, CK_FORK, argc, argv);
    failed += run(0, FORK_STATUS, argc, argv);
    return failed ? 1 : 0;
}
