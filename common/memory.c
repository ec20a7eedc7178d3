/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include <errno.h>
#include <unistd.h>

void memory_free(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

void memory_close(int *fd)
{
    int keep = errno;
    if (*fd >= 0)
        close(*fd);
    errno = keep;
}

void memory_talloc_free(void *pointer_to_pointer)
{
    void *pointer = *(void **)pointer_to_pointer;
    if (pointer)
        talloc_free(pointer);
}

static void memory_abort(const char *reason)
{
    fputs(reason, stderr);
    abort();
}

void memory_init(void)
{
    talloc_set_abort_fn(memory_abort);
}

void *memory_check(void *pointer)
{
    if (!pointer)
        memory_abort("out of memory\n");
    return pointer;
}
