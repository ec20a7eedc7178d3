/* SPDX-License-Identifier: GPL-3.0-or-later
 * What Redis says of the queues: script look, one call a queue, all at once. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/operator/operator.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"
#include "scripts.h"

/* Members of look's answer, in its order; see queue/scripts/look.lua. */
enum { OPEN, PAUSED, KNOWN, DELAYED, RUNNING, PARKED, WAKE, WORKERS, DRAINING, LOOK_COUNT };

struct look {
    struct ask ask;
    const char *queue;
};

struct survey {
    struct request *rq;
    struct look *looks;
    int left;   /* answers to come */
    char *said; /* members of the array, with commas between them */
};

static long long number(const redisReply *reply, int i)
{
    return reply->element[i]->type == REDIS_REPLY_INTEGER ? reply->element[i]->integer : 0;
}

static void survey_add(struct survey *survey, const char *queue, const redisReply *reply)
{
    survey->said = memory_check(talloc_asprintf_append(
        survey->said,
        "%s{\"queue\":%s,\"open\":%s,\"known\":%lld,\"delayed\":%lld,\"running\":%lld,\"parked\":%lld,"
        "\"workers\":%lld,\"draining\":%lld}",
        *survey->said ? "," : "", json_quote(survey, queue), number(reply, OPEN) == 1 ? "true" : "false",
        number(reply, KNOWN), number(reply, DELAYED), number(reply, RUNNING), number(reply, PARKED),
        number(reply, WORKERS), number(reply, DRAINING)));
}

static int survey_end(struct survey *survey)
{
    argument_set(survey->rq, "looks", FORMAT(survey->rq, "[%s]", survey->said));
    return answer_from_sql(survey->rq);
}

/* A queue whose Redis is away, or has something else to say, is left out. */
static void look_done(struct ask *ask)
{
    struct look *look = OWNER(ask, struct look, ask);
    struct survey *survey = ask->owner;
    const redisReply *reply = ask->reply;

    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements >= LOOK_COUNT)
        survey_add(survey, look->queue, reply);
    if (--survey->left > 0)
        return;
    survey_end(survey);
    complete(survey->rq);
}

static void look_start(struct survey *survey, struct look *look)
{
    struct redis_link *link = queue_links_get(survey->rq->server->redis, look->queue);
    struct command command = { 0 };

    command_text(survey, &command, queue_prefix(survey, look->queue));
    command_text(survey, &command, "queue");
    command_text(survey, &command, redis_link_run_id(link));
    look->ask = (struct ask){ .done = look_done, .owner = survey };
    redis_link_call(link, &look->ask, &script_look, 1, &command);
}

int operator_queues(struct request *rq)
{
    struct survey *survey = NEW(rq, struct survey);
    int count = PQntuples(rq->first);

    survey->rq = rq;
    survey->said = COPY(survey, "");
    survey->looks = memory_check(talloc_zero_array(survey, struct look, count));
    survey->left = count;
    if (count == 0)
        return survey_end(survey);
    rq->pending++;
    for (int i = 0; i < count; i++) {
        survey->looks[i].queue = PQgetvalue(rq->first, i, 0);
        look_start(survey, &survey->looks[i]);
    }
    return 0;
}
