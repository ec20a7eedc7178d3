/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/steps/poll.h"
#include "common/memory.h"
#include "fcgi/input/conditions.h"
#include "fcgi/serve.h"
#include "fcgi/statistics.h"
#include "fcgi/steps/once.h"
#include "fcgi/steps/parking.h"
#include "fcgi/usual.h"
#include <sodium.h>

enum {
    LOOK_MEMORY = 8192, /* taken at once, which does for a look */
    KEPT_MAX = 2048,    /* bytes of parameters of one that waits */
};

struct poll {
    struct visitor visitor; /* the transport's, while there is no request */
    struct parked parked;
    struct server *server;
    struct client *client;
    struct request *rq; /* NULL: it sleeps without */
    uint64_t spent;     /* microseconds, until it slept */
    uint64_t slept_at;  /* of one that sleeps with its request */
    int applied;
    struct allowance allowance;
    char tag[TAG_SIZE];
    int count;    /* of parameters; 0: it has not slept without its request */
    char *params; /* as NAME\0VALUE\0... */
};

/* clang-format off */
const struct field wait_field = {
    .name = "wait", .in = QUERY, .type = INTEGER, .flags = CLAMPED, .min = 0, .max = WAIT_MOST,
    .doc = "Seconds that the answer may wait until the job has changed.",
};
/* clang-format on */

/* ---- how long ---- */

static struct preferences preferences_of(const struct request *rq)
{
    return preferences_read(request_param(rq, "HTTP_PREFER"));
}

/* Of a poll: as long as it asks for. */
static int poll_seconds(struct request *rq)
{
    const char *said = argument(rq, wait_field.name);
    struct preferences preferences = preferences_of(rq);

    if (said)
        return (int)strtol(said, NULL, 10);
    if (preferences.wait < 0 || preferences.respond_async)
        return 0;
    rq->applied = preferences.wait < WAIT_MOST ? preferences.wait : WAIT_MOST;
    return rq->applied;
}

/* Of a call that puts a job: as long as its row says, or as it asks for when that is shorter. */
static int wait_seconds(struct request *rq)
{
    const struct endpoint *row = rq->operation->row;
    struct preferences preferences = preferences_of(rq);

    if (preferences.respond_async) {
        rq->applied = 0;
        return 0;
    }
    if (preferences.wait < 0)
        return row->wait_asked ? 0 : row->wait;
    rq->applied = preferences.wait < row->wait ? preferences.wait : row->wait;
    return rq->applied;
}

/* ---- coming and going ---- */

static void poll_look(struct parked *parked);
static void poll_client_gone(struct visitor *visitor);

static int poll_free(struct poll *poll)
{
    parked_leave(&poll->parked);
    free(poll->params);
    return 0;
}

/* Whether a parameter says anything to us. Of those of the web server only these do; of the client's, which any product
 * may look at, all but what every browser sends along. */
static bool param_counts(const char *name)
{
    static const char *const servers[] = { "REQUEST_METHOD", "REQUEST_URI", "REMOTE_ADDR", "MILLRACE_PRODUCT" };
    static const char *const idle[] = {
        "HTTP_USER_AGENT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING",  "HTTP_CONNECTION",
        "HTTP_REFERER",    "HTTP_CACHE_CONTROL",   "HTTP_PRAGMA",           "HTTP_PRIORITY",
        "HTTP_DNT",        "HTTP_SEC_FETCH_DEST",  "HTTP_SEC_FETCH_MODE",   "HTTP_SEC_FETCH_SITE",
        "HTTP_SEC_GPC",    "HTTP_SEC_CH_UA",       "HTTP_SEC_CH_UA_MOBILE", "HTTP_SEC_CH_UA_PLATFORM",
    };
    bool clients = !strncmp(name, "HTTP_", 5);

    for (size_t i = 0; clients && i < ELEMENTS(idle); i++)
        if (!strcmp(name, idle[i]))
            return false;
    for (size_t i = 0; !clients && i < ELEMENTS(servers); i++)
        clients = !strcmp(name, servers[i]);
    return clients;
}

/* Bytes of those that count. */
static size_t params_size(const struct incoming *in)
{
    size_t size = 0;

    for (int i = 0; i < in->count; i++)
        if (param_counts(in->names[i]))
            size += strlen(in->names[i]) + strlen(in->values[i]) + 2;
    return size;
}

/* Without the room to wait, nobody is told that he might have. Who sends very much along has none: what he sent is kept
 * while he waits; not where there is no answer but that, since a call keeps its request anyway. */
static void enter(struct request *rq, const char *job_id, int seconds)
{
    struct poll *poll;

    if (seconds <= 0)
        return;
    if (params_size(rq->in) > KEPT_MAX && !rq->operation->row->wait_only) {
        rq->applied = -1;
        return;
    }
    poll = NEW(rq->server->parking, struct poll);
    poll->visitor.gone = poll_client_gone;
    poll->parked.look = poll_look;
    poll->server = rq->server;
    poll->client = rq->client;
    poll->rq = rq;
    poll->parked.ends_only = rq->operation->row->after;
    if (!parked_enter(rq->server->parking, &poll->parked, rq->operation->job->queue, job_id, seconds)) {
        talloc_free(poll);
        rq->applied = -1;
        return;
    }
    talloc_set_destructor(poll, poll_free);
    rq->poll = poll;
}

void poll_enter(struct request *rq)
{
    const char *field = rq->operation->row->polls;

    if (field && !rq->poll)
        enter(rq, argument(rq, field), poll_seconds(rq));
}

void wait_enter(struct request *rq)
{
    const char *id = rq->tickets ? strchr(rq->tickets, ' ') : NULL;
    char text[JOB_ID_SIZE];

    if (!rq->operation->row->after || !id || rq->gone)
        return;
    snprintf(text, sizeof text, "%s", id + 1);
    argument_set(rq, "job_id", COPY(rq, text));
    rq->retry_after = usual_retry_after(rq->server->usual, rq->operation->job, text);
    enter(rq, text, wait_seconds(rq));
}

void poll_leave(struct request *rq)
{
    talloc_free(rq->poll);
    rq->poll = NULL;
}

void poll_gone(struct request *rq)
{
    if (rq->poll)
        parked_wake(&rq->poll->parked);
}

static void poll_client_gone(struct visitor *visitor)
{
    struct poll *poll = OWNER(visitor, struct poll, visitor);

    talloc_free(poll);
}

/* ---- sleeping without the request ---- */

/* The request's name is among them as if the client had given it. */
static void params_keep(struct poll *poll, const struct request *rq)
{
    static const char name[] = "HTTP_X_REQUEST_ID";
    const struct incoming *in = rq->in;
    char *at;

    poll->params = at = memory_check(malloc(sizeof name + strlen(rq->request_id) + 1 + params_size(in)));
    at = stpcpy(stpcpy(at, name) + 1, rq->request_id) + 1;
    poll->count = 1;
    for (int i = 0; i < in->count; i++) {
        if (!param_counts(in->names[i]))
            continue;
        at = stpcpy(stpcpy(at, in->names[i]) + 1, in->values[i]) + 1;
        poll->count++;
    }
}

static struct incoming *params_again(const struct poll *poll)
{
    void *ctx = memory_check(talloc_pool(NULL, LOOK_MEMORY));
    struct incoming *in = NEW(ctx, struct incoming);
    const char **texts = memory_check(talloc_array(ctx, const char *, (unsigned)poll->count * 2)), *at = poll->params;

    for (int i = 0; i < poll->count; i++) {
        texts[i] = at;
        texts[poll->count + i] = at += strlen(at) + 1;
        at += strlen(at) + 1;
    }
    *in = (struct incoming){
        .ctx = ctx, .names = texts, .values = texts + poll->count, .count = poll->count, .body = "", .body_fd = -1
    };
    return in;
}

/* Keep what is needed, and let the request go. */
static int sleep_without(struct request *rq)
{
    struct poll *poll = rq->poll;

    if (!poll->count)
        params_keep(poll, rq);
    poll->allowance = rq->allowance;
    poll->applied = rq->applied;
    poll->spent = statistics_clock() - rq->began;
    memcpy(poll->tag, rq->tag, TAG_SIZE);
    rq->poll = NULL;
    poll->rq = NULL;
    transport_handle(poll->client, &poll->visitor);
    request_end(rq);
    parked_sleep(&poll->parked);
    return STEP_PARKED;
}

static void poll_look(struct parked *parked)
{
    struct poll *poll = OWNER(parked, struct poll, parked);
    struct request *rq = poll->rq;

    if (rq) {
        rq->began += statistics_clock() - poll->slept_at;
        complete(rq);
        return;
    }
    rq = request_new(poll->server, params_again(poll), poll->client);
    rq->poll = poll;
    rq->began -= poll->spent;
    rq->allowance = poll->allowance;
    rq->applied = poll->applied;
    poll->rq = rq;
    transport_handle(poll->client, &rq->visitor);
    advance(rq);
}

/* ---- the answer ---- */

static void tag_set(struct request *rq, const char *text)
{
    unsigned char digest[8];
    char hex[sizeof digest * 2 + 1];

    crypto_generichash(digest, sizeof digest, (const unsigned char *)text, strlen(text), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    snprintf(rq->tag, sizeof rq->tag, "W/\"%s\"", hex);
}

bool poll_may_wait(const struct request *rq)
{
    return rq->poll && !rq->gone && rq->poll->parked.until > loop_now(rq->server->loop);
}

/* Whether the caller would hear nothing that he, or his first look, did not know. */
static bool is_unchanged(const struct request *rq)
{
    const char *known = incoming_param(rq->in, "HTTP_IF_NONE_MATCH");

    if (rq->poll->count) /* it has looked before */
        return *rq->tag && !strcmp(rq->tag, rq->poll->tag);
    return !*rq->tag || !known || tag_is_listed(known, rq->tag);
}

static int seconds_left(struct request *rq, const PGresult *rows, const char *job_id)
{
    const char *said = result_column(rows, "retry_after");

    return said ? (int)strtol(said, NULL, 10) : usual_retry_after(rq->server->usual, rq->operation->job, job_id);
}

void poll_answered(struct request *rq, const PGresult *rows)
{
    const char *tag = result_column(rows, "etag"), *pending = result_column(rows, "pending");
    const struct endpoint *row = rq->operation->row;

    if (rq->method != GET || rq->status != 200)
        return;
    if (tag)
        tag_set(rq, tag);
    if (row->polls && pending && *pending == 't') {
        rq->retry_after = seconds_left(rq, rows, argument(rq, row->polls));
        rq->waits = poll_may_wait(rq) && is_unchanged(rq);
    }
    if (*rq->tag && tag_is_listed(request_param(rq, "HTTP_IF_NONE_MATCH"), rq->tag)) {
        rq->status = 304;
        rq->body = "";
        rq->body_length = 0;
    }
}

void poll_headers(struct request *rq)
{
    if (*rq->tag)
        header_add(rq, "ETag", "%s", rq->tag);
    if (rq->applied > 0)
        header_add(rq, "Preference-Applied", "wait=%d", rq->applied);
    else if (rq->applied == 0)
        header_add(rq, "Preference-Applied", "%s", rq->operation->row->after ? "respond-async" : "wait=0");
}

/* ---- the step ---- */

int wait_for_job(struct request *rq)
{
    if (rq->waits)
        return sleep_without(rq);
    if (!rq->operation->row->after || !rq->poll || rq->gone)
        return 0;
    once_end(rq); /* others may have its connection; all is committed */
    rq->once = NULL;
    rq->poll->slept_at = statistics_clock();
    rq->pending++;
    parked_sleep(&rq->poll->parked);
    return 0;
}

const char *poll_bind(struct operation *operation)
{
    const struct endpoint *row = operation->row;
    const struct field *field = operation->fields;

    operation->job = job_kind_find(row->job);
    if ((row->polls || row->after || row->wait) && !operation->job)
        return "job";
    if (!row->after != !row->wait)
        return "after";
    while (field->name && (!row->polls || strcmp(field->name, row->polls) != 0))
        field++;
    return row->polls && (row->method != GET || !field->name) ? row->polls : NULL;
}
