/* SPDX-License-Identifier: GPL-3.0-or-later
 * Addresses of Redis, lists of them, and connection strings of PostgreSQL. A reason never holds a part of the text. */
#include "common/conninfo.h"
#include "common/memory.h"
#include "common/redis_address.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>
#include <libpq-fe.h>

static void hold_place(const struct redis_place *place)
{
    char printed[REDIS_PLACE_TEXT];

    MUST(place->path ? *place->path != '\0' : place->host && *place->host && place->port > 0 && place->port < 65536);
    redis_place_print(place, printed);
    MUST(*printed && strlen(printed) < sizeof printed);
}

static void hold_address(void *ctx, const char *text)
{
    struct redis_address address;
    const char *why = NULL;
    int r = redis_address_parse(ctx, text, &address, &why);

    MUST(r == 0 || (r == -EINVAL && why && *why));
    MUST(r < 0 || (address.count >= 1 && address.count <= REDIS_PLACES_MAX));
    for (size_t i = 0; r == 0 && i < address.count; i++)
        hold_place(&address.places[i]);
    if (r == 0) {
        MUST(!address.login.user || address.login.password);
        MUST((address.way == REDIS_SENTINEL) == (address.master != NULL));
        MUST(address.key && (address.way == REDIS_CLUSTER || !*address.key));
    }
}

static void hold_queues(void *ctx, const char *text)
{
    struct redis_queue *queues;
    const char *why = NULL;
    int r = redis_queues_parse(ctx, text, &queues, &why);

    MUST(r == 0 || (r == -EINVAL && why));
    for (; r == 0 && queues->queue; queues++)
        MUST(*queues->queue && redis_address_check(queues->address, &why) == 0);
}

FUZZ(address)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    const char *text = input_rest(ctx, &input);
    struct conninfo conninfo;

    hold_address(ctx, text);
    hold_queues(ctx, text);
    conninfo_fill(ctx, text, "fuzz", 1000, &conninfo);
    for (size_t i = 0; conninfo.keywords[i]; i++)
        MUST(conninfo.values[i]);
}
