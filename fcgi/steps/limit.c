/* SPDX-License-Identifier: GPL-3.0-or-later
 * The step that counts a request and refuses those beyond what its caller may. Credentials that do not hold are
 * counted, too, by address, before they are refused. */
#include "fcgi/steps/limit.h"
#include "common/memory.h"
#include "common/text.h"
#include "fcgi/queue_links.h"
#include "fcgi/serve.h"

enum { KEPT_LONGER = 5 }; /* seconds: clocks of fronts differ */

struct limiting {
    struct request *rq;
    int count, open; /* windows, and commands that are not answered yet */
    struct hit {
        struct ask ask; /* its owner: the limiting */
        const struct rate *rate;
        const char *key;
        int most, n; /* n: counted, with this request; 0: Redis has not said */
    } hits[RATES_MAX];
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
    limiting->hits[limiting->count++] = (struct hit){ .rate = rate, .most = most };
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

/* Once all is counted. */
static int judge(struct limiting *limiting)
{
    struct request *rq = limiting->rq;
    struct allowance *least = &rq->allowance;

    for (int i = 0; i < limiting->count; i++) {
        const struct hit *hit = &limiting->hits[i];
        struct allowance one = { .most = hit->most,
                                 .left = hit->most - hit->n,
                                 .resets_at = (limiting->now / hit->rate->seconds + 1) * hit->rate->seconds };

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
    for (int i = 0; i < limiting->count; i++)
        limiting->hits[i].n =
            limits_hit(limiting->rq->server->limits, limiting->who, limiting->hits[i].rate, limiting->now);
    return judge(limiting);
}

static void answered(struct limiting *limiting)
{
    bool good = true;

    if (--limiting->open > 0)
        return;
    for (int i = 0; i < limiting->count; i++)
        good &= limiting->hits[i].n != 0;
    if (good)
        judge(limiting);
    else
        judge_here(limiting);
    complete(limiting->rq);
}

static void expires(struct ask *ask)
{
    answered(ask->owner);
}

static void hit_send(struct hit *hit, void (*done)(struct ask *ask), struct limiting *limiting,
                     const struct command *command)
{
    hit->ask = (struct ask){ .done = done, .owner = limiting };
    limiting->open++;
    redis_link_send(queue_links_main(limiting->rq->server->redis), &hit->ask, command);
}

/* The first of a window says how long that is kept. */
static void hit_expires(struct hit *hit, struct limiting *limiting)
{
    struct command command = { 0 };

    command_text(limiting->rq, &command, "EXPIRE");
    command_text(limiting->rq, &command, hit->key);
    command_number(limiting->rq, &command, hit->rate->seconds + KEPT_LONGER);
    hit_send(hit, expires, limiting, &command);
}

static void counted(struct ask *ask)
{
    struct hit *hit = OWNER(ask, struct hit, ask);
    const redisReply *reply = ask->reply;

    if (reply && reply->type == REDIS_REPLY_INTEGER)
        hit->n = (int)reply->integer;
    if (hit->n == 1)
        hit_expires(hit, ask->owner);
    answered(ask->owner);
}

/* Plain commands: a script that does the same takes twice the time of the server. */
static int count(struct limiting *limiting)
{
    struct request *rq = limiting->rq;

    if (!redis_link_up(queue_links_main(rq->server->redis)))
        return judge_here(limiting);
    rq->pending++;
    for (int i = 0; i < limiting->count; i++) {
        struct hit *hit = &limiting->hits[i];
        struct command command = { 0 };

        hit->key = FORMAT(rq, "mr1:{rl:%s:%s}:%s:%lld", rq->product->name, limiting->who, hit->rate->name,
                          limiting->now / hit->rate->seconds);
        command_text(rq, &command, "INCR");
        command_text(rq, &command, hit->key);
        hit_send(hit, counted, limiting, &command);
    }
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
        snprintf(limiting->who, sizeof limiting->who, "address %.64s", rq->arguments[ARG_CLIENT_PLACE]);
    limiting_add(limiting, dialect->rate_of ? dialect->rate_of(rq) : rq->product->rates[0].name);
    for (const char *const *name = row->rates; name && *name; name++)
        limiting_add(limiting, *name);
    return limiting->count ? count(limiting) : refuse_denied(rq);
}
