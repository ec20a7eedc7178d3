/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redis_dial.h"
#include "common/backoff.h"
#include "common/memory.h"
#include <limits.h>

enum { HOST_SIZE = 256, REDIS_LEAST = 7 };

struct redis_dial {
    struct redis_address address;
    const char *bad;          /* the text is no address: why */
    size_t turn;              /* the place that is next */
    size_t left;              /* places of this attempt that were not tried */
    struct redis_place named; /* what the place at turn has named */
    char host[HOST_SIZE];     /* of named */
    bool at_named, has_named; /* connected to named; named is where to go next */
    bool denied;              /* a server did not let us in */
    int backoff;              /* milliseconds */
    const struct step *says[DIAL_SAYS];
    char run_id[64], why[DIAL_WHY], heard[DIAL_WHY - REDIS_PLACE_TEXT - 8];
};

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* ---- the steps of a greeting ---- */

static bool at_sentinel(const struct redis_dial *dial)
{
    return dial->address.way == REDIS_SENTINEL && !dial->at_named;
}

static const struct redis_login *login_of(const struct redis_dial *dial)
{
    return at_sentinel(dial) ? &dial->address.sentinel_login : &dial->address.login;
}

static bool login_due(const struct redis_dial *dial)
{
    return login_of(dial)->password;
}

static void login_say(const struct redis_dial *dial, void *ctx, struct command *say)
{
    const struct redis_login *login = login_of(dial);

    command_text(ctx, say, "AUTH");
    if (login->user)
        command_text(ctx, say, login->user);
    command_text(ctx, say, login->password);
}

static const char *login_hear(struct redis_dial *dial, const redisReply *reply)
{
    (void)dial;
    return reply->type == REDIS_REPLY_STATUS ? NULL : "odd answer to AUTH";
}

static void master_say(const struct redis_dial *dial, void *ctx, struct command *say)
{
    command_text(ctx, say, "SENTINEL");
    command_text(ctx, say, "GET-MASTER-ADDR-BY-NAME");
    command_text(ctx, say, dial->address.master);
}

static const char *name_place(struct redis_dial *dial, const char *host, size_t length, const char *port)
{
    long number = strtol(port, NULL, 10);

    if (length >= sizeof dial->host || number < 1 || number > 65535)
        return "a place was named that is none";
    /* A node of a cluster that does not know its own name says where it was asked. */
    if (length)
        snprintf(dial->host, sizeof dial->host, "%.*s", (int)length, host);
    else if (dial_place(dial)->host)
        snprintf(dial->host, sizeof dial->host, "%s", dial_place(dial)->host);
    dial->named = (struct redis_place){ .host = dial->host, .port = (int)number };
    dial->has_named = true;
    return NULL;
}

static const char *master_hear(struct redis_dial *dial, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_NIL)
        return "the sentinel knows no master of that name";
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_STRING || !reply->element[0]->len)
        return "odd answer of the sentinel";
    return name_place(dial, reply->element[0]->str, (size_t)reply->element[0]->len, reply->element[1]->str);
}

static bool slot_due(const struct redis_dial *dial)
{
    return dial->address.way == REDIS_CLUSTER;
}

static void slot_say(const struct redis_dial *dial, void *ctx, struct command *say)
{
    command_text(ctx, say, "EXISTS");
    command_text(ctx, say, dial->address.key);
}

/* Any command that names a key tells whose slot it is: "MOVED SLOT HOST:PORT". */
static const char *slot_hear(struct redis_dial *dial, const redisReply *reply)
{
    const char *place, *colon;

    if (reply->type == REDIS_REPLY_INTEGER)
        return NULL;
    if (reply->type != REDIS_REPLY_ERROR || !begins(reply->str, "MOVED ") || dial->at_named)
        return reply->type == REDIS_REPLY_ERROR ? reply->str : "odd answer to EXISTS";
    place = strchr(reply->str + strlen("MOVED "), ' ');
    colon = place ? strrchr(place, ':') : NULL;
    return colon ? name_place(dial, place + 1, (size_t)(colon - place - 1), colon + 1) : "odd MOVED";
}

/* A replica refuses writes; what is worse, an old one may answer questions with what is no longer so. */
static bool role_due(const struct redis_dial *dial)
{
    return !at_sentinel(dial) && dial->address.way != REDIS_CLUSTER;
}

static void role_say(const struct redis_dial *dial, void *ctx, struct command *say)
{
    (void)dial;
    command_text(ctx, say, "ROLE");
}

static const char *role_hear(struct redis_dial *dial, const redisReply *reply)
{
    (void)dial;
    if (reply->type != REDIS_REPLY_ARRAY || !reply->elements || reply->element[0]->type != REDIS_REPLY_STRING)
        return "odd answer to ROLE";
    return !strcmp(reply->element[0]->str, "master") ? NULL : "is no master";
}

static bool server_due(const struct redis_dial *dial)
{
    return !at_sentinel(dial);
}

/* One that is loading its data still says so to this. */
static void ping_say(const struct redis_dial *dial, void *ctx, struct command *say)
{
    (void)dial;
    command_text(ctx, say, "PING");
}

static const char *ping_hear(struct redis_dial *dial, const redisReply *reply)
{
    (void)dial;
    return reply->type == REDIS_REPLY_STATUS ? NULL : "odd answer to PING";
}

static void run_id_say(const struct redis_dial *dial, void *ctx, struct command *say)
{
    (void)dial;
    command_text(ctx, say, "INFO");
    command_text(ctx, say, "server");
}

static const char *run_id_hear(struct redis_dial *dial, const redisReply *reply)
{
    const char *line = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "run_id:") : NULL;
    const char *version = line ? strstr(reply->str, "redis_version:") : NULL;

    if (!line)
        return "odd answer to INFO";
    if (version && strtol(version + strlen("redis_version:"), NULL, 10) < REDIS_LEAST)
        return "is older than 7, and has no functions";
    line += strlen("run_id:");
    snprintf(dial->run_id, sizeof dial->run_id, "%.*s", (int)strcspn(line, "\r\n"), line);
    return NULL;
}

static const struct step {
    bool (*due)(const struct redis_dial *dial);
    void (*say)(const struct redis_dial *dial, void *ctx, struct command *say);
    const char *(*hear)(struct redis_dial *dial, const redisReply *reply);
} steps[] = {
    { login_due, login_say, login_hear }, { at_sentinel, master_say, master_hear }, { slot_due, slot_say, slot_hear },
    { role_due, role_say, role_hear },    { server_due, run_id_say, run_id_hear },  { server_due, ping_say, ping_hear },
};

int dial_say(struct redis_dial *dial, void *ctx, struct command says[DIAL_SAYS])
{
    int n = 0;

    for (size_t i = 0; i < ELEMENTS(steps) && n < DIAL_SAYS; i++)
        if (steps[i].due(dial)) {
            says[n] = (struct command){ 0 };
            steps[i].say(dial, ctx, &says[n]);
            dial->says[n++] = &steps[i];
        }
    return n;
}

/* A server that wants another login, or has no such user, or gave the user too little. */
static bool is_denial(const struct step *step, const redisReply *reply)
{
    static const char *const denials[] = { "NOAUTH", "WRONGPASS", "NOPERM" };

    for (size_t i = 0; i < ELEMENTS(denials); i++)
        if (begins(reply->str, denials[i]))
            return true;
    return step->hear == login_hear;
}

const char *dial_hear(struct redis_dial *dial, int number, const redisReply *reply)
{
    const struct step *step = dial->says[number];

    if (reply->type != REDIS_REPLY_ERROR || (step->hear == slot_hear && begins(reply->str, "MOVED ")))
        return step->hear(dial, reply);
    dial->denied = dial->denied || is_denial(step, reply);
    snprintf(dial->heard, sizeof dial->heard, "%s%s", step->hear == login_hear ? "login refused: " : "", reply->str);
    return dial->heard;
}

/* ---- an attempt ---- */

struct redis_dial *dial_new(void *ctx, const char *text)
{
    struct redis_dial *dial = NEW(ctx, struct redis_dial);

    if (redis_address_parse(dial, text, &dial->address, &dial->bad) == 0)
        dial->bad = NULL;
    return dial;
}

enum dial dial_begin(struct redis_dial *dial)
{
    dial->at_named = dial->has_named = dial->denied = false;
    dial->left = dial->address.count;
    *dial->run_id = '\0';
    return dial->bad ? dial_failed(dial, dial->bad) : DIAL_AGAIN;
}

const struct redis_place *dial_place(const struct redis_dial *dial)
{
    return dial->at_named ? &dial->named : &dial->address.places[dial->turn];
}

enum dial dial_greeted(struct redis_dial *dial)
{
    if (dial->has_named) {
        dial->has_named = false;
        dial->at_named = true;
        return DIAL_AGAIN;
    }
    dial->left = 0;
    return DIAL_THERE;
}

enum dial dial_failed(struct redis_dial *dial, const char *why)
{
    char place[REDIS_PLACE_TEXT] = "address";
    bool named = dial->at_named;

    if (!dial->bad) {
        redis_place_print(dial_place(dial), place);
        dial->turn = (dial->turn + 1) % dial->address.count;
    }
    snprintf(dial->why, sizeof dial->why, "%s: %.*s", place, DIAL_WHY - REDIS_PLACE_TEXT - 8, why);
    dial->at_named = dial->has_named = false;
    if (!named && dial->left > 1) {
        dial->left--;
        return DIAL_AGAIN;
    }
    dial->left = 0;
    dial->backoff = backoff_next(dial->denied ? INT_MAX / 2 : dial->backoff);
    return DIAL_OVER;
}

void dial_up(struct redis_dial *dial)
{
    dial->backoff = 0;
}

const char *dial_why(const struct redis_dial *dial)
{
    return dial->why;
}

int dial_backoff(const struct redis_dial *dial)
{
    return dial->backoff;
}

const char *dial_run_id(const struct redis_dial *dial)
{
    return dial->run_id;
}
