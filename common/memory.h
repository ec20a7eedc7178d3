/* SPDX-License-Identifier: GPL-3.0-or-later
 * Memory and handles. What belongs to a request or a job hangs off one talloc context and dies with it; what a
 * function needs only for itself carries a cleanup attribute. Running out of memory is not handled in line:
 * xalloc() aborts (see memory_init), so a talloc call's result needs no check unless its size came from outside. */
#ifndef MILLRACE_MEMORY_H
#define MILLRACE_MEMORY_H
#include <stddef.h>
#include <talloc.h>

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Give up ownership of a variable with a cleanup attribute: its value, leaving the empty value behind. */
#define TAKE(variable)                                                                                                 \
    __extension__({                                                                                                    \
        __typeof__(variable) taken_ = (variable);                                                                      \
        (variable) = (__typeof__(variable))0;                                                                          \
        taken_;                                                                                                        \
    })
#define TAKE_FD(variable)                                                                                              \
    __extension__({                                                                                                    \
        int taken_ = (variable);                                                                                       \
        (variable) = -1;                                                                                               \
        taken_;                                                                                                        \
    })

void memory_free(void *pointer_to_pointer); /* free() of what it points to */
void memory_close(int *fd);                 /* close() unless negative; keeps errno */
void memory_talloc_free(void *pointer_to_pointer);

#define autofree __attribute__((cleanup(memory_free)))
#define autoclose __attribute__((cleanup(memory_close)))
#define autotalloc __attribute__((cleanup(memory_talloc_free)))

/* Make talloc abort with a message when memory runs out or a tree is corrupt. Call once, first thing in main(). */
void memory_init(void);

/* Never NULL: aborts. For talloc_* calls of a bounded size. */
void *memory_check(void *pointer);
#define NEW(ctx, type) ((type *)memory_check(talloc_zero(ctx, type)))
#define COPY(ctx, text) ((char *)memory_check(talloc_strdup(ctx, text)))
#define FORMAT(ctx, ...) ((char *)memory_check(talloc_asprintf(ctx, __VA_ARGS__)))
#endif
