/* SPDX-License-Identifier: GPL-3.0-or-later
 * The functions of all job kinds. They are weak: a program that does not carry one sees NULL, and so the one table of
 * kinds (kinds.c) can be linked into every program: the front checks arguments with it, the dispatcher runs what waits
 * on the network, the fenced runner what chews on bytes. */
#ifndef MILLRACE_KINDS_H
#define MILLRACE_KINDS_H
#include "queue/job.h"

/* fenced/ */
__attribute__((weak)) int image_generate(struct job *job);
/* direct/ */
__attribute__((weak)) int mail_magic_link(struct job *job);
__attribute__((weak)) int mail_token(struct job *job);
#endif
