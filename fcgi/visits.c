/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/visits.h"
#include "common/memory.h"
#include <assert.h>

void visits_init(void *ctx, struct visits *visits, unsigned room)
{
    assert(room && !(room & (room - 1)));
    *visits = (struct visits){ .ring = memory_check(talloc_array(ctx, struct visit, room)), .room = room };
}

struct visit *visits_add(struct visits *visits)
{
    if (visits->count == visits->room)
        return NULL;
    return &visits->ring[(visits->first + visits->count++) & (visits->room - 1)];
}

const struct visit *visits_at(const struct visits *visits, unsigned i)
{
    assert(i < visits->count);
    return &visits->ring[(visits->first + i) & (visits->room - 1)];
}

void visits_drop(struct visits *visits, unsigned n)
{
    assert(n <= visits->count);
    visits->first = (visits->first + n) & (visits->room - 1);
    visits->count -= n;
}
