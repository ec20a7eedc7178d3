/* SPDX-License-Identifier: GPL-3.0-or-later
 * The step that counts a request and refuses those beyond what its caller may. Credentials that do not hold are
 * counted, too, by address, before they are refused. */
#include "fcgi/limit.h"
#include "common/memory.h"
#include "common/text.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"
#include "scripts.h"

enum { KEPT_LONGER = 5 }; /* seconds: clocks of fronts differ */

struct limiting {
    struct ask ask;
    struct request *rq;
    int count;
    struct {
        const struct rate *rate;
        int most;
    } rates[RATES_MAX];
    char who[96]; /* "account 7", "address 10.0.0.1" */
    long long now;
};

/* ---- what goes ---- */

static const struct rate *rate_find(const struct rate *rates, const char *name)
{
    for (; rates && rates->name; rates++)
        if (!strcmp(rates->name, name))
            return rates;
    return NULL;
}

/* How many; -1: any number. */
static int most_of(const struct rate *rate, const char *tier)
{
    int others = -1;

    for (int i = 0; i < TIERS_MAX && rate->tiers[i].tier; i++) {
        if (!strcmp(rate->tiers[i].tier, tier))
            return rate->tiers[i].most;
        if (*tier && !strcmp(rate->tiers[i].tier, "*"))
            others = rate->tiers[i].most;
    }
    return others;
}

static void limiting_add(struct limiting *limiting, const char *name)
{
    const struct request *rq = limiting->rq;
    const struct rate *rate = rate_find(rq->product->rates, name);
    int most = rate ? most_of(rate, rq->signed_in ? rq->tier : "") : -1;

    if (most < 0 || limiting->count == RATES_MAX)
        return;
    limiting->rates[limiting->count].rate = rate;
    limiting->rates[limiting->count++].most = most;
}

static bool is_exempt(const struct request *rq)
{
    const struct endpoint *row = rq->operation->row;

    return row->uncounted || !rq->product->rates ||
           text_listed_prefix(request_config(rq)->front_unlimited, rq->arguments[ARG_CLIENT_IP]);
}

/* ---- counting ---- */

static int refuse_denied(struct request *rq)
{
    return rq->denied == E_NONE ? 0 : fail(rq, rq->denied, NULL, rq->message);
}

/* counts: of each rate, with this request. */
static int judge(struct limiting *limiting, const int *counts)
{
    struct request *rq = limiting->rq;
    struct allowance *least = &rq->allowance;

    for (int i = 0; i < limiting->count; i++) {
        const struct rate *rate = limiting->rates[i].rate;
        struct allowance one = { .most = limiting->rates[i].most,
                                 .left = limiting->rates[i].most - counts[i],
                                 .resets_at = (limiting->now / rate->seconds + 1) * rate->seconds };

        if (i == 0 || one.left < least->left)
            *least = one;
    }
    if (limiting->count == 0 || least->left >= 0)
        return refuse_denied(rq);
    least->left = 0;
    rq->retry_after = (int)(least->resets_at - limiting->now);
    return fail(rq, E_RATE_LIMITED, NULL, rq->product->dialect->rate_said ? rq->product->dialect->rate_said(rq) : NULL);
}

static int judge_here(struct limiting *limiting)
{
    int counts[RATES_MAX];

    for (int i = 0; i < limiting->count; i++)
        counts[i] = limits_hit(limiting->rq->server->limits, limiting->who, limiting->rates[i].rate, limiting->now);
    return judge(limiting, counts);
}

static void counted(struct ask *ask)
{
    struct limiting *limiting = OWNER(ask, struct limiting, ask);
    const redisReply *reply = ask->reply;
    int counts[RATES_MAX];
    bool good = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == (size_t)limiting->count;

    for (int i = 0; good && i < limiting->count; i++) {
        good = reply->element[i]->type == REDIS_REPLY_INTEGER;
        counts[i] = (int)reply->element[i]->integer;
    }
    if (good)
        judge(limiting, counts);
    else
        judge_here(limiting);
    complete(limiting->rq);
}

static int count(struct limiting *limiting)
{
    struct request *rq = limiting->rq;
    struct redis_link *link = queue_links_main(rq->server->redis);
    struct command command = { 0 };

    if (!redis_link_up(link))
        return judge_here(limiting);
    command_text(rq, &command, FORMAT(rq, "mr1:{rl:%s:%s}:", rq->product->name, limiting->who));
    for (int i = 0; i < limiting->count; i++) {
        const struct rate *rate = limiting->rates[i].rate;

        command_text(rq, &command, FORMAT(rq, "%s:%lld", rate->name, limiting->now / rate->seconds));
        command_number(rq, &command, rate->seconds + KEPT_LONGER);
    }
    limiting->ask = (struct ask){ .done = counted };
    rq->pending++;
    redis_link_call(link, &limiting->ask, &script_hits, 1, &command);
    return 0;
}

int limit(struct request *rq)
{
    const struct endpoint *row = rq->operation->row;
    const struct dialect *dialect = rq->product->dialect;
    struct limiting *limiting;

    if (is_exempt(rq) || rq->poll) /* that looks again */
        return refuse_denied(rq);
    limiting = NEW(rq, struct limiting);
    limiting->rq = rq;
    limiting->now = time(NULL);
    if (rq->signed_in)
        snprintf(limiting->who, sizeof limiting->who, "account %s", rq->arguments[ARG_ACCOUNT_ID]);
    else
        snprintf(limiting->who, sizeof limiting->who, "address %.64s", rq->arguments[ARG_CLIENT_IP]);
    limiting_add(limiting, dialect->rate_of ? dialect->rate_of(rq) : rq->product->rates[0].name);
    for (const char *const *name = row->rates; name && *name; name++)
        limiting_add(limiting, *name);
    return limiting->count ? count(limiting) : refuse_denied(rq);
}
