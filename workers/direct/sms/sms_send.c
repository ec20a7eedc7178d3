/* SPDX-License-Identifier: GPL-3.0-or-later
 * sms.send: one text message, never twice. That it is about to be sent is committed before the call; when its outcome
 * is not known, because the call broke off or the worker died, the provider's list is asked, and only what is absent
 * there is sent. */
#include "common/database.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/call.h"
#include "workers/direct/sms/sms.h"
#include "workers/kinds.h"
#include <errno.h>

enum { FULL_FOR = 60 }; /* seconds, when the provider has too many of ours waiting */

/* A message under way; on the job, so that its call ends with that. */
struct texting {
    struct job *job;
    const char *to, *body;
    char intended[32]; /* the try that this is about: when, exactly */
    struct provider_call *call;
    struct sms_search *search;
};

static int begin(struct texting *texting);
static int ask(struct texting *texting);

static void finish(struct texting *texting, int r)
{
    if (r != JOB_PENDING)
        job_finished(texting->job, r);
}

static int database_away(struct job *job)
{
    return job_release(job, -1, "the database did not answer");
}

/* Write down what became of the try. *ret_taken: nothing was, because another message of ours is the provider's of this
 * sid. */
static int settle_as(struct texting *texting, const char *state, const char *sid, const char *message, bool *ret_taken)
{
    const struct provider_call *call = texting->call;
    autoresult struct result result = { 0 };
    char code[16] = "";
    int r;

    if (message && call && twilio_code(call))
        snprintf(code, sizeof code, "%d", twilio_code(call));
    r = database_run(texting->job->tools->database, &sql_worker_sms_settle,
                     PARAMS({ "job_id", texting->job->id }, { "intended", texting->intended }, { "state", state },
                            { "sid", sid }, { "code", *code ? code : NULL }, { "message", message }),
                     &result);
    if (r == 0)
        *ret_taken = !strcmp(result_text(&result, 0, "how"), "taken");
    return r;
}

static int settle(struct texting *texting, const char *state, const char *message)
{
    bool taken;

    return settle_as(texting, state, NULL, message, &taken);
}

/* The provider has it. When another message of ours, of the same text to the same number, has been taken for this one,
 * the list may still have that one's. */
static int went_out(struct texting *texting, const char *sid)
{
    struct job *job = texting->job;
    bool taken;

    if (settle_as(texting, "sent", sid, NULL, &taken) < 0)
        return database_away(job);
    if (taken)
        return job_snooze(job, job->tools->config->sms_settle, "another message of the same text has it");
    job->result = json_pack("{s:s}", "sid", sid);
    return 0;
}

static int start(struct texting *texting, void (*done)(void *closure))
{
    struct job *job = texting->job;
    int r;

    if (!job_still_mine(job))
        return job_release(job, 0, "the lease was lost");
    r = provider_start(texting->call, job->tools->transfers, done, texting);
    return r < 0 ? job_release(job, -1, "the call could not be started: %s", strerror(-r)) : JOB_PENDING;
}

/* ---- sending ---- */

static int accepted(struct texting *texting)
{
    struct twilio_sms sms;

    if (twilio_read(texting->call->json, &sms) < 0)
        return job_release(texting->job, texting->job->tools->config->sms_settle, "the answer names no message");
    return went_out(texting, sms.sid);
}

/* Nothing went out, and what was wrong may pass. */
static int put_off(struct texting *texting)
{
    struct job *job = texting->job;

    if (settle(texting, "waiting", NULL) < 0)
        return database_away(job);
    if (texting->call->verdict == PROVIDER_NEVER) {
        job_hold(job, texting->call->provider->limiter, FULL_FOR);
        return job_limited(job, FULL_FOR, "%s", texting->call->why);
    }
    return job_after_call(job, texting->call);
}

static int refused(struct texting *texting)
{
    enum twilio_fault fault = twilio_fault(texting->call);

    if (fault == TWILIO_FULL)
        return put_off(texting);
    if (settle(texting, "failed", texting->call->why) < 0)
        return database_away(texting->job);
    return job_bury(texting->job, "%s", texting->call->why);
}

static void on_sent(void *closure)
{
    struct texting *texting = closure;
    struct job *job = texting->job;

    switch (texting->call->verdict) {
    case PROVIDER_DONE:
        finish(texting, accepted(texting));
        break;
    case PROVIDER_LATER:
    case PROVIDER_LIMITED:
        finish(texting, put_off(texting));
        break;
    case PROVIDER_NEVER:
        finish(texting, refused(texting));
        break;
    case PROVIDER_UNKNOWN:
        finish(texting, job_release(job, job->tools->config->sms_settle, "%s", texting->call->why));
        break;
    }
}

static int prepared(struct texting *texting, int r)
{
    if (r == -ENOTSUP)
        return job_bury(texting->job, "twilio is not configured");
    return r < 0 ? job_bury(texting->job, "the request to twilio cannot be written: %s", strerror(-r)) : 0;
}

static int send_now(struct texting *texting)
{
    struct job *job = texting->job;
    const struct config *config = job->tools->config;
    const struct twilio_message message = { .to = texting->to,
                                            .from = sms_from(config),
                                            .body = texting->body,
                                            .callback = sms_callback(texting, config, job->product, job->id) };
    int r;

    texting->call = NULL;
    r = prepared(texting, twilio_send(texting, config, &message, &texting->call));
    if (r < 0) {
        settle(texting, "waiting", NULL);
        return r;
    }
    return start(texting, on_sent);
}

/* ---- asking ---- */

static int on_page(struct texting *texting)
{
    struct job *job = texting->job;
    const char *sid;

    switch (sms_search_read(texting, texting->search, texting->call, job->tools->database, &sid)) {
    case SMS_MORE:
        return ask(texting);
    case SMS_SENT:
        return went_out(texting, sid);
    case SMS_ABSENT:
        return settle(texting, "waiting", NULL) < 0 ? database_away(job) : begin(texting);
    case SMS_UNKNOWN:
        return job_bury(job, "unknown: the provider's list does not tell whether the message went out");
    case SMS_AGAIN:
        break;
    }
    return database_away(job);
}

static void on_listed(void *closure)
{
    struct texting *texting = closure;
    struct job *job = texting->job;

    if (texting->call->verdict == PROVIDER_DONE)
        finish(texting, on_page(texting));
    else if (texting->call->verdict == PROVIDER_NEVER)
        finish(texting, job_bury(job, "unknown: %s", texting->call->why));
    else
        finish(texting, job_after_call(job, texting->call));
}

static int ask(struct texting *texting)
{
    int r = sms_search_call(texting, texting->job->tools->config, texting->search, &texting->call);

    r = prepared(texting, r);
    return r < 0 ? r : start(texting, on_listed);
}

/* ---- an attempt ---- */

static int go_on(struct texting *texting, const struct result *result)
{
    const char *todo = result_text(result, 0, "todo");
    int wait_ms = (int)strtol(result_text(result, 0, "wait_ms"), NULL, 10);

    if (!strcmp(todo, "ended"))
        return 0;
    snprintf(texting->intended, sizeof texting->intended, "%s", result_text(result, 0, "intended"));
    if (!strcmp(todo, "send"))
        return send_now(texting);
    if (wait_ms > 0)
        return job_snooze(texting->job, (wait_ms + 999) / 1000, "the provider is not asked yet");
    texting->search = sms_search_new(texting, texting->to, texting->body, strtoll(texting->intended, NULL, 10));
    return ask(texting);
}

static int begin(struct texting *texting)
{
    struct job *job = texting->job;
    autotalloc void *scratch = talloc_new(NULL);
    autoresult struct result result = { 0 };

    if (database_run(job->tools->database, &sql_worker_sms_intend,
                     PARAMS({ "job_id", job->id }, { "product", job->product },
                            { "account", FORMAT(scratch, "%lld", job->account_id) }, { "phone", texting->to },
                            { "body", texting->body },
                            { "settle", FORMAT(scratch, "%d", job->tools->config->sms_settle * 1000) },
                            { "daily", FORMAT(scratch, "%d", job->tools->config->sms_daily) }),
                     &result) < 0)
        return database_away(job);
    return go_on(texting, &result);
}

int sms_send(struct job *job)
{
    struct texting *texting = NEW(job, struct texting);
    int r;

    texting->job = job;
    texting->to = job_text(job, "to");
    texting->body = job_text(job, "body");
    if (!sms_from(job->tools->config))
        return job_bury(job, "there is no number to send from (twilio.from)");
    r = job_provider_turn(job, "twilio");
    return r < 0 ? r : begin(texting);
}
