/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"
#include "queue/queue.h"
#include "scripts.h"
#include <jansson.h>

static void settings_done(struct ask *ask)
{
    complete(ask->owner);
}

void hand_over_settings(struct request *rq, const char *words)
{
    json_auto_t *list = json_loads(words, 0, NULL);
    const char *queue = json_string_value(json_array_get(list, 0));
    struct command command = { 0 };
    struct ask *ask = NEW(rq, struct ask);

    if (!queue) {
        log_error("request.settings", "request=%s operation=%s malformed", rq->request_id, rq->operation->row->name);
        return;
    }
    command_text(rq, &command, queue_prefix(rq, queue));
    for (size_t i = 1; i < json_array_size(list); i++)
        command_text(rq, &command, COPY(rq, json_string_value(json_array_get(list, i))));
    *ask = (struct ask){ .done = settings_done, .owner = rq };
    rq->pending++;
    redis_link_call(queue_links_get(rq->server->redis, queue), ask, &script_settings, 1, &command);
}
