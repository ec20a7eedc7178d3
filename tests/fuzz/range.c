/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Range header. Input: the file's size (4; the highest bit: times 2^32), the header. */
#include "fcgi/input/range.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>

FUZZ(range)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    uint64_t number = input_number(&input, 4);
    uint64_t bytes = number >> 31 ? number << 32 | number : number, offset = 7, length = 7;
    int r = range_parse(input_rest(ctx, &input), bytes, &offset, &length);

    if (r == 1)
        MUST(length > 0 && offset < bytes && length <= bytes - offset);
    else
        MUST((r == 0 || r == -ERANGE) && offset == 7 && length == 7);
}
