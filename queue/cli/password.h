/* SPDX-License-Identifier: GPL-3.0-or-later
 * Passwords that a command is told: never as an argument, which others on the machine can see. */
#ifndef MILLRACE_PASSWORD_H
#define MILLRACE_PASSWORD_H
#include "queue/cli/command.h"

/* The hash (Argon2id) of a password of 8 to 128 characters, a line of standard input, not shown where it is typed; NULL
 * when it is none, which was said. On the operation's ctx. */
const char *password_read(struct operation *operation);
#endif
