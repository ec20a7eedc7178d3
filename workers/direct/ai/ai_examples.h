/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_AI_EXAMPLES_H
#define MILLRACE_AI_EXAMPLES_H
#include <jansson.h>

/* Examples as a provider's fine-tuning wants them, a line of JSON each: {"messages": [...]} as it is, and {"prompt",
 * "completion"} as a question and its answer. On ctx; NULL: the ret_bad-th (from 0) is neither. */
char *examples_lines(void *ctx, const json_t *examples, size_t *ret_bad);
#endif
