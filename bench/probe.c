/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-probe [--config FILE] TASK SOCKET THREADS ACCOUNT_ID: the limit that the front is compared with. What libfcgi,
 * libpq and hiredis can do at best in their usual way: as many threads as clients, each with connections of its own to
 * the web server, to PostgreSQL and to Redis, and one prepared statement. It answers a GET of one account with the very
 * statement of the front's row and asks nobody who they are. Task "poll" is generation_get, with PostgreSQL alone;
 * "item" is ailice's item_get behind one round trip to Redis, which counts the request as a rate limit does: INCR, and
 * once in a window EXPIRE. */
#include "common/memory.h"
#include "common/program.h"
#include "common/statement.h"
#include "common/token.h"
#include "sql.h"
#include <errno.h>
#include <fcgiapp.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>

enum { BACKLOG = 1024, THREADS_MAX = 256, STACK = 256 * 1024, ID_LENGTH = 36, WINDOW = 3600 };

static const struct task {
    const char *name;
    const struct sql *sql;
    const char *before, *parameter; /* the id stands behind this in the path, and goes by that name in the statement */
    bool counted;
} tasks[] = {
    { "poll", &sql_figureforge_generation_get, "/job/", "job_id", false },
    { "item", &sql_ailice_item_get, "/items/", "item_id", true },
};

/* Shared by the threads; not changed once they run. */
struct probe {
    const struct config *config;
    const struct task *task;
    const char *account_id;
    int socket;
    const struct statement *statement;
    char inner[LINK_PAD_SIZE], outer[LINK_PAD_SIZE]; /* what the statement signs links with */
};

static void die(const char *what, PGconn *pg)
{
    fprintf(stderr, "bench-probe: %s: %s\n", what, pg ? PQerrorMessage(pg) : strerror(errno));
    exit(1);
}

static void must(PGconn *pg, PGresult *result, ExecStatusType expected, const char *what)
{
    if (PQresultStatus(result) != expected)
        die(what, pg);
    PQclear(result);
}

static PGconn *database_open(const struct probe *probe)
{
    const char *const settings[][2] = { { "millrace.link_inner", probe->inner },
                                        { "millrace.link_outer", probe->outer },
                                        { "TimeZone", "UTC" } };
    PGconn *pg = PQconnectdb(probe->config->database_url);

    if (PQstatus(pg) != CONNECTION_OK)
        die("connect", pg);
    for (size_t i = 0; i < ELEMENTS(settings); i++)
        must(pg, PQexecParams(pg, "select set_config($1, $2, false)", 2, NULL, settings[i], NULL, NULL, 0),
             PGRES_TUPLES_OK, settings[i][0]);
    must(pg, PQprepare(pg, "q", probe->statement->text, 0, NULL), PGRES_COMMAND_OK, "prepare");
    return pg;
}

static redisContext *redis_open(const struct probe *probe)
{
    redisContext *redis = redisConnectUnix(probe->config->redis_url);

    if (!redis || redis->err)
        die(probe->config->redis_url, NULL);
    return redis;
}

/* How many requests this window has had, with this one. */
static long long count(const struct probe *probe, redisContext *redis)
{
    long long window = time(NULL) / WINDOW, n;
    redisReply *reply = redisCommand(redis, "INCR probe:%s:%lld", probe->account_id, window);

    if (!reply || reply->type != REDIS_REPLY_INTEGER)
        die("INCR", NULL);
    n = reply->integer;
    freeReplyObject(reply);
    if (n > 1)
        return n;
    freeReplyObject(redisCommand(redis, "EXPIRE probe:%s:%lld %d", probe->account_id, window, WINDOW));
    return n;
}

/* The last segment of the path. */
static const char *find_id(const struct task *task, const char *uri, char id[ID_LENGTH + 1])
{
    const char *at = uri ? strstr(uri, task->before) : NULL;

    snprintf(id, ID_LENGTH + 1, "%s", at ? at + strlen(task->before) : "");
    id[strcspn(id, "/")] = '\0';
    return id;
}

static void answer(const struct probe *probe, PGconn *pg, redisContext *redis, FCGX_Request *request)
{
    const char *values[STATEMENT_PARAMETERS_MAX], *missing;
    char id[ID_LENGTH + 1];
    PGresult *result;

    if (redis && count(probe, redis) < 0)
        die("count", NULL);
    if (statement_bind(
            probe->statement,
            PARAMS({ probe->task->parameter, find_id(probe->task, FCGX_GetParam("REQUEST_URI", request->envp), id) },
                   { "account_id", probe->account_id }, { "base_url", probe->config->figureforge_url }),
            values, &missing) < 0)
        die(missing, NULL);
    result = PQexecPrepared(pg, "q", probe->statement->count, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        FCGX_PutS("Status: 500\r\nContent-Length: 0\r\n\r\n", request->out);
    else if (PQntuples(result) != 1)
        FCGX_PutS("Status: 404\r\nContent-Length: 0\r\n\r\n", request->out);
    else
        FCGX_FPrintF(request->out, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                     PQgetlength(result, 0, 0), PQgetvalue(result, 0, 0));
    PQclear(result);
}

static void *serve(void *closure)
{
    const struct probe *probe = closure;
    PGconn *pg = database_open(probe);
    redisContext *redis = probe->task->counted ? redis_open(probe) : NULL;
    FCGX_Request request;

    FCGX_InitRequest(&request, probe->socket, 0);
    while (FCGX_Accept_r(&request) >= 0) {
        answer(probe, pg, redis, &request);
        FCGX_Finish_r(&request);
    }
    PQfinish(pg);
    redisFree(redis);
    return NULL;
}

static int run_threads(struct probe *probe, int n)
{
    pthread_t threads[THREADS_MAX];
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], &attributes, serve, probe) != 0)
            die("thread", NULL);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    return 1; /* accepting has ended, which nobody asked for: SIGTERM ends the process at once */
}

static const struct task *task_find(const char *name)
{
    for (size_t i = 0; name && i < ELEMENTS(tasks); i++)
        if (!strcmp(tasks[i].name, name))
            return &tasks[i];
    return NULL;
}

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct probe probe = { 0 };
    struct statement *statement;
    struct keys keys;
    char **words;
    int status, n;

    probe.config = program_start(ctx, "bench-probe", "TASK SOCKET THREADS ACCOUNT_ID", argc, argv, &words, &status);
    if (!probe.config)
        return status;
    probe.task = task_find(words[0]);
    n = probe.task && words[1] && words[2] && words[3] ? (int)strtol(words[2], NULL, 10) : 0;
    if (n < 1 || n > THREADS_MAX) {
        fputs("bench-probe: TASK SOCKET THREADS ACCOUNT_ID\n", stderr);
        return 2;
    }
    probe.account_id = words[3];
    if (keys_derive(probe.config->secret, &keys) < 0 || statement_compile(ctx, probe.task->sql, &statement) < 0)
        return 1;
    link_pads(&keys, probe.inner, probe.outer);
    probe.statement = statement;
    FCGX_Init();
    signal(SIGTERM, SIG_DFL); /* libfcgi's own handler would only mark the end */
    probe.socket = FCGX_OpenSocket(words[1], BACKLOG);
    if (probe.socket < 0)
        die(words[1], NULL);
    return run_threads(&probe, n);
}
