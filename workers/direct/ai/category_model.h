/* SPDX-License-Identifier: GPL-3.0-or-later
 * The model as bytes: made by workers/direct/ai/category/make.c when the program is built. */
#ifndef MILLRACE_CATEGORY_MODEL_H
#define MILLRACE_CATEGORY_MODEL_H
#include <stddef.h>

extern const unsigned char category_model[];
extern const size_t category_model_length;
#endif
