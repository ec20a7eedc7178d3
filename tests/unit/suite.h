/* SPDX-License-Identifier: GPL-3.0-or-later
 * A file of unit tests registers itself: SUITE(name) { suite_add(tests, a_test); ... } where a_test is made by
 * libcheck's START_TEST. */
#ifndef MILLRACE_SUITE_H
#define MILLRACE_SUITE_H
#include <check.h>

void suite_register(const char *name, void (*fill)(TCase *tests));

#define SUITE(name)                                                                                                    \
    static void suite_fill_##name(TCase *tests);                                                                       \
    __attribute__((constructor)) static void suite_enter_##name(void)                                                  \
    {                                                                                                                  \
        suite_register(#name, suite_fill_##name);                                                                      \
    }                                                                                                                  \
    static void suite_fill_##name(TCase *tests)
#endif
