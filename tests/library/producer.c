/* SPDX-License-Identifier: GPL-3.0-or-later
 * The library's producer functions as lines on standard input, words separated by tabs; an answer is a line. It is C
 * and C++, and is compiled as both. */
#include <libpq-fe.h>
#include <millrace/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 32 };

static struct millrace *queues;

/* What name=value says among the words; NULL: nothing. */
static const char *said(char **words, const char *name)
{
    size_t length = strlen(name);

    for (; *words; words++)
        if (!strncmp(*words, name, length) && (*words)[length] == '=')
            return *words + length + 1;
    return NULL;
}

static int number(char **words, const char *name)
{
    const char *text = said(words, name);
    return text ? (int)strtol(text, NULL, 10) : 0;
}

static struct millrace_spec spec_of(char **words)
{
    struct millrace_spec spec;

    memset(&spec, 0, sizeof spec);
    spec.kind = said(words, "kind");
    spec.args = said(words, "args");
    spec.product = said(words, "product");
    spec.tenant = said(words, "tenant");
    spec.account_id = number(words, "account_id");
    spec.request_id = said(words, "request_id");
    spec.priority = (enum millrace_priority)number(words, "priority");
    spec.delay = number(words, "delay");
    spec.expires = number(words, "expires");
    spec.key = said(words, "key");
    spec.cost = number(words, "cost");
    spec.unique = said(words, "unique");
    spec.unique_for = number(words, "unique_for");
    spec.batch = said(words, "batch");
    spec.chain = said(words, "chain");
    spec.sealed = number(words, "sealed");
    return spec;
}

static void answer(int r, const char *text)
{
    printf("%d\t%s\n", r, r < 0 ? millrace_error(queues) : text);
}

/* ---- commands ---- */

static void put(char **words)
{
    struct millrace_spec spec = spec_of(words);
    struct millrace_id id = { "" };
    int r = millrace_put(queues, &spec, &id);

    answer(r, id.text);
}

/* n=: how many */
static void many(char **words)
{
    size_t n = (size_t)number(words, "n");
    struct millrace_spec *specs = (struct millrace_spec *)calloc(n, sizeof *specs);
    struct millrace_id *ids = (struct millrace_id *)calloc(n, sizeof *ids);
    char *text = (char *)calloc(n + 1, MILLRACE_ID_SIZE);
    int r;

    for (size_t i = 0; i < n; i++)
        specs[i] = spec_of(words);
    r = millrace_put_many(queues, specs, n, ids);
    for (size_t i = 0; i < n && r >= 0; i++)
        snprintf(text + strlen(text), MILLRACE_ID_SIZE + 1, "%s%s", i ? " " : "", ids[i].text);
    answer(r, text);
    free(specs);
    free(ids);
    free(text);
}

/* A transaction of our own: database=, end=commit or rollback, tell=1 */
static void put_in(char **words)
{
    PGconn *own = PQconnectdb(said(words, "database"));
    struct millrace_spec spec = spec_of(words);
    struct millrace_id id = { "" };
    char *ticket = NULL;
    int r;

    PQclear(PQexec(own, "begin"));
    r = millrace_put_in(queues, own, &spec, 1, &id, &ticket);
    PQclear(PQexec(own, said(words, "end")));
    if (r == 0 && number(words, "tell"))
        r = millrace_tell(queues, ticket);
    answer(r, id.text);
    free(ticket);
    PQfinish(own);
}

static void tell(char **words)
{
    answer(millrace_tell(queues, said(words, "ticket")), "");
}

static void batch_open(char **words)
{
    struct millrace_batch batch;
    struct millrace_id id = { "" };
    int r;

    memset(&batch, 0, sizeof batch);
    batch.finally = said(words, "finally");
    r = millrace_batch_open(queues, &batch, &id);
    answer(r, id.text);
}

static void batch_close(char **words)
{
    answer(millrace_batch_close(queues, said(words, "id")), "");
}

static void cancel(char **words)
{
    answer(millrace_cancel(queues, said(words, "id")), "");
}

/* state, progress, failed, kind, queue, result, error */
static void show(int r, const struct millrace_status *status)
{
    static const char *const states[] = { "waiting", "running", "done", "buried", "cancelled" };

    if (r < 0)
        answer(r, "");
    else
        printf("%d\t%s\t%d\t%d\t%s\t%s\t%s\t%s\n", r, states[status->state], status->progress, status->failed,
               status->kind, status->queue, status->result ? status->result : "-", status->error ? status->error : "-");
}

static void status(char **words)
{
    struct millrace_status found;
    int r = millrace_look(queues, said(words, "id"), &found);

    show(r, &found);
}

static void await(char **words)
{
    struct millrace_status found;
    int r = millrace_wait(queues, said(words, "id"), number(words, "ms"), &found);

    show(r, &found);
}

static void kind_register(char **words)
{
    struct millrace_kind kind;

    memset(&kind, 0, sizeof kind);
    kind.name = said(words, "kind");
    kind.tries = number(words, "tries");
    answer(millrace_kinds_register(queues, said(words, "queue"), &kind, 1), "");
}

struct command {
    const char *name;
    void (*run)(char **words);
};

static const struct command commands[] = {
    { "put", put },
    { "many", many },
    { "put_in", put_in },
    { "tell", tell },
    { "batch_open", batch_open },
    { "batch_close", batch_close },
    { "cancel", cancel },
    { "status", status },
    { "wait", await },
    { "register", kind_register },
};

static void obey(char *line)
{
    char *words[WORDS + 1] = { NULL };
    size_t n = 0;

    line[strcspn(line, "\n")] = '\0';
    for (char *word = strtok_r(line, "\t", &line); word && n < WORDS; word = strtok_r(NULL, "\t", &line))
        words[n++] = word;
    for (size_t i = 0; n && i < sizeof commands / sizeof commands[0]; i++)
        if (!strcmp(commands[i].name, words[0]))
            commands[i].run(words + 1);
    fflush(stdout);
}

/* producer [DATABASE REDIS]: by the environment's configuration when nothing is given */
int main(int argc, char **argv)
{
    char why[MILLRACE_WHY_SIZE] = "", *line = NULL;
    size_t room = 0;
    int r = argc == 3 ? millrace_open_at(argv[1], argv[2], &queues) : millrace_open(NULL, &queues, why);

    if (r < 0) {
        printf("%d\t%s\n", r, why);
        return 1;
    }
    while (getline(&line, &room, stdin) > 0)
        obey(line);
    free(line);
    millrace_close(queues);
    return 0;
}
