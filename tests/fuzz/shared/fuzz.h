/* SPDX-License-Identifier: GPL-3.0-or-later
 * A file of tests/fuzz is a target, of the same name: FUZZ(name) { ... } with the bytes to try in data and size. It
 * calls the real code and holds what came of it with MUST(). docs/testing.md tells how to add one and how to reproduce
 * what it found. */
#ifndef MILLRACE_FUZZ_H
#define MILLRACE_FUZZ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void fuzz_fn(const uint8_t *data, size_t size);
struct fuzz_target {
    const char *name;
    fuzz_fn *run;
};
void fuzz_register(const char *name, fuzz_fn *run);
/* All there are; *ret_count of them. */
const struct fuzz_target *fuzz_targets(size_t *ret_count);
/* NULL when there is none of that name. */
const struct fuzz_target *fuzz_find(const char *name);
/* Once, before the first run. */
void fuzz_init(void);

#define FUZZ(name)                                                                                                     \
    static fuzz_fn fuzz_##name;                                                                                        \
    __attribute__((constructor)) static void fuzz_enter_##name(void)                                                   \
    {                                                                                                                  \
        fuzz_register(#name, fuzz_##name);                                                                             \
    }                                                                                                                  \
    static void fuzz_##name(const uint8_t *data, size_t size)

/* What must hold, whatever came in: else it is told, and the process aborts. */
#define MUST(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *condition, const char *file, int line);

/* ---- the input taken apart ---- */

struct input {
    const char *at;
    size_t left;
};
#define INPUT(data, size) ((struct input){ (const char *)(data), (size) })
/* Numbers come first, the highest byte in front; what is not there is 0. */
unsigned input_byte(struct input *input);
unsigned input_number(struct input *input, int bytes);
/* A copy on ctx, with a NUL byte behind it, up to the next newline, which is taken too, or to the end. */
char *input_line(void *ctx, struct input *input);
/* The rest; a copy in a block of just that size and a NUL byte, so that who reads beyond it is caught. */
char *input_rest(void *ctx, struct input *input);

/* How many of left bytes (1 or more) the next piece has, as the seed says. Pieces of one byte are as common as long
 * ones. */
size_t piece_next(uint32_t *seed, size_t left);
#endif
