/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the health call needs of Redis: asked now, as the database is by the statement. */
#include "common/clock.h"
#include "common/memory.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"
#include "fcgi/smsagent/smsagent.h"

struct asking {
    struct ask info;
    struct request *rq;
    uint64_t began;
};

static void tell(struct request *rq, const char *ms, const char *memory)
{
    argument_set(rq, "redis_ms", ms);
    argument_set(rq, "redis_memory", memory);
    answer_from_sql(rq);
}

static void info_done(struct ask *ask)
{
    struct asking *asking = OWNER(ask, struct asking, info);
    struct request *rq = asking->rq;
    const char *used =
        ask->reply && ask->reply->type == REDIS_REPLY_STRING ? strstr(ask->reply->str, "used_memory:") : NULL;

    if (used)
        tell(rq, FORMAT(rq, "%llu", (unsigned long long)(clock_boot_ms() - asking->began)),
             FORMAT(rq, "%llu", strtoull(used + strlen("used_memory:"), NULL, 10)));
    else
        tell(rq, ask->reply ? "0" : "", ""); /* also one that may not ask for it: Redis answers */
    complete(rq);
}

int smsagent_health(struct request *rq)
{
    struct redis_link *link = queue_links_main(rq->server->redis);
    struct asking *asking = NEW(rq, struct asking);
    struct command info = { 0 };

    if (!redis_link_up(link)) {
        tell(rq, "", "");
        return 0;
    }
    *asking = (struct asking){ .info = { .done = info_done }, .rq = rq, .began = clock_boot_ms() };
    command_text(rq, &info, "INFO");
    command_text(rq, &info, "memory");
    rq->pending++;
    redis_link_send(link, &asking->info, &info);
    return 0;
}
