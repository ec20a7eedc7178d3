/* SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "tests/fuzz/shared/front.h"
#include "common/json.h"
#include "common/memory.h"
#include "tests/fuzz/shared/fuzz.h"
#include "tests/fuzz/shared/sql_text.h"
#include <errno.h>
#include <ftw.h>
#include <sodium.h>
#include <unistd.h>

static char folder[4096];
static pid_t owner;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void folder_remove(void)
{
    if (getpid() == owner)
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *folder_make(void)
{
    const char *parent = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%s/millrace-fuzz-XXXXXX", parent && *parent ? parent : "/tmp");
    MUST(mkdtemp(folder));
    owner = getpid();
    atexit(folder_remove);
    return folder;
}

/* The secret is made here, so that no input can have been signed with it. */
static const struct config *config_make(void *ctx)
{
    char secret[65];
    unsigned char bytes[32];
    struct config *config;
    const char *why;

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(secret, sizeof secret, bytes, sizeof bytes);
    setenv("MILLRACE_SECRET", secret, 1);
    unsetenv("MILLRACE_CONFIG");
    MUST(config_load(ctx, NULL, &config, &why) == 0);
    config->database_url = "host=/nonexistent dbname=none";
    config->redis_url = "/nonexistent/redis.sock";
    config->password_memory = 1;
    config->password_operations = 1;
    config->front_origins = "https://app.example.org, https://other.example.org";
    config->front_trusted_proxies = "127.0.0.1";
    config->front_threads = 1;
    config->front_pages = "/nonexistent";
    config->twilio_token = "0123456789abcdef0123456789abcdef";
    config->storage_folder = folder_make();
    return config;
}

struct server *front(void)
{
    static struct server *server;
    struct loop *loop;

    if (!server) {
        void *ctx = talloc_named_const(NULL, 0, "front");

        MUST(loop_new(ctx, &loop) == 0);
        MUST(server_new(ctx, config_make(ctx), loop, &server) == 0);
    }
    return server;
}

/* ---- requests ---- */

/* Lines of "Name: value", printable, each ended by CRLF. */
static void hold_headers(const char *headers)
{
    for (const char *line = headers, *end; *line; line = end + 2) {
        const char *colon = strchr(line, ':');

        end = strstr(line, "\r\n");
        MUST(end && colon && colon < end && colon > line && colon[1] == ' ');
        for (const char *p = line; p < end; p++)
            MUST((unsigned char)*p >= ' ' && *p != 0x7f);
    }
}

static void hold_answer(const struct request *rq, const struct outgoing *outgoing)
{
    autotalloc void *scratch = talloc_new(NULL);
    json_auto_t *value = NULL;
    const char *why;

    MUST(outgoing->status >= 200 && outgoing->status < (rq->readiness ? 504 : 500));
    hold_headers(outgoing->headers);
    MUST(!outgoing->body_length || outgoing->status == 304 || !rq->head);
    if (outgoing->body_length && !rq->media)
        MUST(json_parse_strict(scratch, outgoing->body, outgoing->body_length, &value, &why) == 0);
}

static void take_reply(struct client *client, const struct outgoing *outgoing)
{
    struct front_request *request = OWNER(client, struct front_request, client);

    MUST(!request->status);
    request->status = outgoing->status;
    request->headers = COPY(request, outgoing->headers);
    hold_answer(request->rq, outgoing);
}

struct front_request *front_request_new(void *ctx, step_fn *const *steps)
{
    struct front_request *request = NEW(ctx, struct front_request);
    struct server *server = front();
    struct request *rq;

    request->client.reply = take_reply;
    request->in = (struct incoming){
        .ctx = talloc_new(request), .names = request->names, .values = request->values, .body_fd = -1, .body = ""
    };
    rq = request->rq = NEW(request->in.ctx, struct request);
    rq->applied = -1;
    rq->server = server;
    rq->in = &request->in;
    rq->client = &request->client;
    rq->step = steps;
    rq->apart = true; /* no statistics: nobody would take them */
    snprintf(rq->request_id, sizeof rq->request_id, "req_fuzz");
    server->open_requests++;
    return request;
}

void front_param(struct front_request *request, const char *name, const char *value)
{
    if (request->in.count == FRONT_PARAMS_MAX)
        return;
    request->names[request->in.count] = name;
    request->values[request->in.count++] = value;
}

void front_body(struct front_request *request, const char *bytes, size_t n)
{
    request->in.body = bytes;
    request->in.body_length = n;
}

void front_serve(struct front_request *request)
{
    struct loop *loop = front()->loop;

    advance(request->rq);
    while (!request->status)
        MUST(loop_round(loop, true) == 0);
}

void front_hold_arguments(const struct request *rq)
{
    const struct operation *operation = rq->operation;

    for (int i = 0; i < operation->field_count; i++) {
        const char *value = rq->arguments[FIXED_COUNT + i];

        if (value && value != operation->fields[i].standard && sql_text_checked(&operation->fields[i]))
            sql_text_hold(&operation->fields[i], value);
    }
}
