/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-probe [--config FILE] SOCKET THREADS ACCOUNT_ID: the limit that the front is compared with. What libfcgi and
 * libpq can do at best in their usual way: as many threads as clients, each with a connection of its own to the web
 * server and to PostgreSQL, and one prepared statement. It answers GET .../job/{job_id}/ of one account with the very
 * statement of generation_get and asks nobody who they are. */
#include "common/memory.h"
#include "common/program.h"
#include "common/statement.h"
#include "common/token.h"
#include "sql.h"
#include <errno.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>

enum { BACKLOG = 1024, THREADS_MAX = 256, STACK = 256 * 1024, JOB_ID_LENGTH = 36 };

/* Shared by the threads; not changed once they run. */
struct probe {
    const struct config *config;
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

/* The last segment of the path. */
static const char *find_job(const char *uri, char job_id[JOB_ID_LENGTH + 1])
{
    const char *at = uri ? strstr(uri, "/job/") : NULL;

    snprintf(job_id, JOB_ID_LENGTH + 1, "%s", at ? at + 5 : "");
    return job_id;
}

static void answer(const struct probe *probe, PGconn *pg, FCGX_Request *request)
{
    const char *values[STATEMENT_PARAMETERS_MAX], *missing;
    char job_id[JOB_ID_LENGTH + 1];
    PGresult *result;

    if (statement_bind(probe->statement,
                       PARAMS({ "job_id", find_job(FCGX_GetParam("REQUEST_URI", request->envp), job_id) },
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
    FCGX_Request request;

    FCGX_InitRequest(&request, probe->socket, 0);
    while (FCGX_Accept_r(&request) >= 0) {
        answer(probe, pg, &request);
        FCGX_Finish_r(&request);
    }
    PQfinish(pg);
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

int main(int argc, char **argv)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct probe probe = { 0 };
    struct statement *statement;
    char **words;
    int status, n;

    probe.config = program_start(ctx, "bench-probe", "SOCKET THREADS ACCOUNT_ID", argc, argv, &words, &status);
    if (!probe.config)
        return status;
    n = words[0] && words[1] && words[2] ? (int)strtol(words[1], NULL, 10) : 0;
    if (n < 1 || n > THREADS_MAX) {
        fputs("bench-probe: SOCKET THREADS ACCOUNT_ID\n", stderr);
        return 2;
    }
    probe.account_id = words[2];
    if (statement_compile(ctx, &sql_figureforge_generation_get, &statement) < 0)
        return 1;
    link_pads(probe.config->keys, probe.inner, probe.outer);
    probe.statement = statement;
    FCGX_Init();
    signal(SIGTERM, SIG_DFL); /* libfcgi's own handler would only mark the end */
    probe.socket = FCGX_OpenSocket(words[0], BACKLOG);
    if (probe.socket < 0)
        die(words[0], NULL);
    return run_threads(&probe, n);
}
