/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace-sandbox: stands in for the outside services in the sandbox environment, and starts in no other. The front's
 * machinery with tables of its own (services.c); a second process sends webhooks (sender.c). */
#include "common/database.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/signals.h"
#include "fcgi/sandbox/sandbox.h"
#include "fcgi/serve.h"
#include "fcgi/steps/parking.h"
#include "sandbox_sql.h"
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Vision calls carry pictures. */
enum { BODY_LIMIT = 64 << 20, CONNECTIONS = 4, VERSION_HEX = 33 };

struct watched {
    struct source source;
    struct loop *loop;
    struct transport *transport;
    struct server *server;
    pid_t sender;
    int status;
};

static void drained(void *closure)
{
    loop_stop(closure);
}

/* Without its sender it is of no use: who started us starts both again. */
static void signal_came(struct source *source, uint32_t events)
{
    struct watched *watched = OWNER(source, struct watched, source);
    int number = signals_next(source->fd);

    (void)events;
    if (number == 0)
        return;
    if (number == SIGCHLD) {
        log_error("sandbox.sender", "has ended");
        watched->sender = 0;
        watched->status = 1;
        loop_stop(watched->loop);
        return;
    }
    parking_end(watched->server->parking);
    transport_drain(watched->transport, drained, watched->loop);
}

static pid_t sender_start(const struct config *config)
{
    pid_t parent = getpid(), pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    sender_run(config);
}

/* ---- the schema: made anew when what makes it has changed ---- */

static char *schema_text(void *ctx)
{
    char *text = FORMAT(ctx, "%s\n%s", sql_sandbox_schema.text, sql_sandbox_example.text);

    for (const struct product *product = products; product->name; product++) {
        const struct service *service = service_of(product);

        if (service && service->schema)
            text = memory_check(talloc_asprintf_append(text, "\n%s", service->schema->text));
        if (service && service->schema_more)
            text = memory_check(talloc_asprintf_append(text, "\n%s", service->schema_more->text));
    }
    return text;
}

static int schema_make(const struct config *config)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct database *database = database_new(ctx, config->database_url, config->database_timeout);
    char *text = schema_text(ctx), version[VERSION_HEX];
    unsigned char hash[VERSION_HEX / 2];
    autoresult struct result made = { 0 };

    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, strlen(text), NULL, 0);
    sodium_bin2hex(version, sizeof version, hash, sizeof hash);
    /* One transaction: whoever comes second finds it made. */
    text =
        FORMAT(ctx,
               "select pg_advisory_xact_lock(7310871);\n"
               "do $make$ begin if obj_description(to_regnamespace('sandbox'), 'pg_namespace') is distinct from '%s' "
               "then drop schema if exists sandbox cascade; execute $script$%s$script$; "
               "comment on schema sandbox is '%s'; end if; end $make$",
               version, text, version);
    if (database_script(database, text, &made) < 0) {
        log_error("sandbox.schema", "error=%s", made.message);
        return -EIO;
    }
    return 0;
}

/* ---- start ---- */

/* The front's, with places and limits of its own. Its realm of operators is our realm of control. */
static struct config *config_own(void *ctx, const struct config *config)
{
    struct config *own = NEW(ctx, struct config);

    *own = *config;
    own->front_socket = config->sandbox_socket;
    own->front_mount = "";
    own->front_operators = true;
    own->front_body_limit = BODY_LIMIT;
    own->front_connections_fast = CONNECTIONS;
    own->front_connections_slow = own->front_connections_leased = 1;
    own->front_queue_limit = 1 << 14;
    own->products = "";
    return own;
}

static const char *settings_json(void *ctx, const struct config *config)
{
    json_auto_t *settings =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "nutrition", config->nutrition_url, "smsagent",
                  config->smsagent_url, "expenses", config->expenses_url, "ailice", config->ailice_url, "figureforge",
                  config->figureforge_url, "twilio_token", config->twilio_token, "twilio_from", config->twilio_from,
                  "stripe_webhook_secret", config->stripe_webhook_secret);

    return json_text(ctx, settings);
}

static int sandbox_new(void *ctx, const struct config *config, struct loop *loop, struct sandbox **ret)
{
    struct sandbox *sandbox = NEW(ctx, struct sandbox);
    int r = server_new(sandbox, config, loop, &sandbox->server);

    sandbox->settings = settings_json(sandbox, config);
    if (r == 0)
        r = statement_compile(sandbox, &sql_sandbox_call, &sandbox->log);
    if (r == 0)
        r = statement_compile(sandbox, &sql_sandbox_replay_claim, &sandbox->claim);
    if (r == 0)
        r = statement_compile(sandbox, &sql_sandbox_replay_keep, &sandbox->keep);
    if (r == 0)
        r = statement_compile(sandbox, &sql_sandbox_replay_drop, &sandbox->drop);
    *ret = sandbox;
    return r;
}

static int serve(void *ctx, const struct config *config, struct watched *watched)
{
    struct transport_handler handler;
    struct sandbox *sandbox = NULL;
    int r = loop_new(ctx, &watched->loop);

    if (r == 0)
        r = sandbox_new(ctx, config, watched->loop, &sandbox);
    if (r < 0)
        return r;
    watched->server = sandbox->server;
    handler = server_handler(sandbox->server);
    r = transport_event_new(ctx, watched->loop, sandbox->server->pool, config->front_socket, -1, &handler,
                            &watched->transport);
    watched->source.ready = signal_came;
    if (r == 0)
        r = SIGNALS_OPEN(SIGTERM, SIGINT, SIGCHLD);
    if (r >= 0)
        r = loop_watch(watched->loop, &watched->source, r, EPOLLIN);
    if (r < 0)
        return r;
    log_info("sandbox.start", "socket=%s", config->front_socket);
    loop_run(watched->loop);
    loop_forget(watched->loop, &watched->source);
    return 0;
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct watched watched = { 0 };
    const struct config *config;
    char **words;
    int status, r;

    config = program_start(ctx, "millrace-sandbox", "", argc, argv, &words, &status);
    if (!config)
        return status;
    if (!config->sandbox) {
        fprintf(stderr, "millrace-sandbox: environment is %s: it starts with environment = sandbox only\n",
                config->environment);
        return 1;
    }
    config = config_own(ctx, config);
    if (schema_make(config) < 0)
        return 1;
    watched.sender = sender_start(config);
    r = watched.sender < 0 ? -errno : serve(ctx, config, &watched);
    if (r < 0)
        log_error("sandbox.start", "error=%s", strerror(-r));
    if (watched.sender > 0) {
        kill(watched.sender, SIGTERM);
        waitpid(watched.sender, NULL, 0);
    }
    return r < 0 || watched.status;
}
