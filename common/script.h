/* SPDX-License-Identifier: GPL-3.0-or-later
 * The engine's transitions as functions of Redis, made by tools/embed from queue/scripts/NAME.lua. */
#ifndef MILLRACE_SCRIPT_H
#define MILLRACE_SCRIPT_H

/* What FUNCTION LOAD takes. Names of libraries and functions are a server's: each is the text's own, by a hash. */
struct library {
    const char *name;
    const char *text;
};

struct script {
    const struct library *library;
    const char *function; /* its name in Redis */
};
#endif
