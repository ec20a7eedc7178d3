/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sends what stands in sandbox.outgoing: each line (sandbox.outgoing.line) in its order, a call at a time; several
 * lines at once, and each in its turn. What is refused comes again after a fixed time, twice as long each time, and is
 * given up in the end. When the database is away it is asked again; only a crash between a call and its note has it
 * made twice, as services do. */
#include "common/array_text.h"
#include "common/database.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/transfers.h"
#include "fcgi/sandbox/sandbox.h"
#include "sandbox_sql.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SENDING_MAX = 32, ENOUGH_FREE = 8, TIMEOUT_MS = 10000, IDLE_MS = 30000, AWAY_MS = 200, TEXT_MAX = 24 };

struct sending {
    struct sender *sender;
    CURL *easy;
    struct curl_slist *headers;
    char id[TEXT_MAX]; /* of the row; "": this place is free */
    bool ended;        /* and is to be noted: with this status */
    char status[TEXT_MAX];
};

struct sender {
    void *ctx;
    struct database *database;
    struct transfers *transfers;
    bool listening;
    bool away; /* and that has been told */
    struct sending places[SENDING_MAX];
    char *line; /* the last one that had its turn; "": all have had it */
};

/* False when the database is away. */
static bool ask(struct sender *sender, const struct sql *sql, const struct param *params, struct result *ret)
{
    if (database_run(sender->database, sql, params, ret) == 0)
        return true;
    log_warning("sandbox.sender", "statement=%s error=%s", sql->name, ret->message);
    sender->listening = false;
    return false;
}

static void sent(void *closure, CURLcode code, long response)
{
    struct sending *sending = closure;

    snprintf(sending->status, sizeof sending->status, "%ld", code == CURLE_OK ? response : 0);
    sending->ended = true;
    curl_slist_free_all(sending->headers);
    curl_easy_cleanup(sending->easy);
}

/* What has ended, in one statement. As long as it is not noted its place is taken. */
static void note_ended(struct sender *sender)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct array_text ids = { 0 }, statuses = { 0 };
    autoresult struct result noted = { 0 };
    struct param params[] = { { "ids", NULL }, { "statuses", NULL }, { NULL, NULL } };
    bool any = false;

    for (int i = 0; i < SENDING_MAX; i++)
        if (sender->places[i].ended) {
            array_add(ctx, &ids, sender->places[i].id);
            array_add(ctx, &statuses, sender->places[i].status);
            any = true;
        }
    if (!any)
        return;
    params[0].value = array_end(ctx, &ids);
    params[1].value = array_end(ctx, &statuses);
    if (ask(sender, &sql_sandbox_sender_sent, params, &noted))
        for (int i = 0; i < SENDING_MAX; i++)
            if (sender->places[i].ended)
                sender->places[i] = (struct sending){ .sender = sender };
}

/* What it answers is nobody's concern. */
static size_t forget(char *bytes, size_t size, size_t n, void *closure)
{
    (void)bytes;
    (void)closure;
    return size * n;
}

static void add_lines(struct sending *sending, char *lines)
{
    char *save = NULL;

    for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        sending->headers = curl_slist_append(sending->headers, line);
}

static void add_headers(struct sending *sending, json_t *headers)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *name;
    json_t *value;

    json_object_foreach(headers, name, value) add_lines(sending, FORMAT(ctx, "%s: %s", name, json_string_value(value)));
}

/* name=value&... in the order of the object. */
static char *form_text(void *ctx, json_t *form)
{
    char *text = COPY(ctx, "");
    const char *name;
    json_t *value;

    json_object_foreach(form, name, value)
    {
        char *left = curl_easy_escape(NULL, name, 0), *right = curl_easy_escape(NULL, json_string_value(value), 0);

        text = memory_check(talloc_asprintf_append(text, "%s%s=%s", *text ? "&" : "", left, right));
        curl_free(left);
        curl_free(right);
    }
    return text;
}

static json_t *column_json(const struct result *due, int row, const char *name)
{
    const char *text = result_text(due, row, name);
    return text ? json_loads(text, 0, NULL) : NULL;
}

static void send_row(struct sender *sender, struct sending *sending, const struct result *due, int row)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *form = column_json(due, row, "form"), *headers = column_json(due, row, "headers");
    const char *url = result_text(due, row, "url"), *body = result_text(due, row, "body");

    body = form ? form_text(ctx, form) : body ? body : "";
    snprintf(sending->id, sizeof sending->id, "%s", result_text(due, row, "id"));
    sending->easy = memory_check(curl_easy_init());
    add_headers(sending, headers);
    add_lines(sending, signature_headers(ctx, result_text(due, row, "sign"), result_text(due, row, "secret"), url,
                                         result_text(due, row, "message"), body, form, (long long)time(NULL)));
    curl_easy_setopt(sending->easy, CURLOPT_URL, url);
    curl_easy_setopt(sending->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(sending->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(sending->easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(sending->easy, CURLOPT_HTTPHEADER, sending->headers);
    curl_easy_setopt(sending->easy, CURLOPT_WRITEFUNCTION, forget);
    curl_easy_setopt(sending->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    curl_easy_setopt(sending->easy, CURLOPT_COPYPOSTFIELDS, body);
    if (transfers_add(sender->transfers, sending->easy, sent, sending) < 0)
        sent(sending, CURLE_FAILED_INIT, 0);
}

/* The ids of those on their way; *ret_free gets how many more there may be. */
static const char *busy_ids(void *ctx, const struct sender *sender, int *ret_free)
{
    struct array_text ids = { 0 };

    *ret_free = 0;
    for (int i = 0; i < SENDING_MAX; i++) {
        if (*sender->places[i].id)
            array_add(ctx, &ids, sender->places[i].id);
        else
            ++*ret_free;
    }
    return array_end(ctx, &ids);
}

/* The next lines in turn. How many were started; -EIO when the database is away. */
static int start_some(struct sender *sender)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result due = { 0 };
    int room = 0, place = 0, rows;
    const char *busy = busy_ids(ctx, sender, &room);
    const struct param params[] = {
        { "after", sender->line }, { "busy", busy }, { "most", FORMAT(ctx, "%d", room) }, { NULL, NULL }
    };

    if (!ask(sender, &sql_sandbox_sender_due, params, &due))
        return -EIO;
    rows = result_rows(&due);
    for (int row = 0; row < rows; row++) {
        while (*sender->places[place].id)
            place++;
        send_row(sender, &sender->places[place], &due, row);
    }
    talloc_free(sender->line);
    sender->line = COPY(sender->ctx, rows == room ? result_text(&due, rows - 1, "line") : "");
    return rows;
}

/* Milliseconds until something else will be due. */
static int wait_for_due(struct sender *sender)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result next = { 0 };
    int room;
    const struct param params[] = { { "busy", busy_ids(ctx, sender, &room) }, { NULL, NULL } };
    const char *text;
    long ms;

    if (!ask(sender, &sql_sandbox_sender_wait, params, &next))
        return AWAY_MS;
    text = result_text(&next, 0, "wait");
    ms = text ? strtol(text, NULL, 10) : IDLE_MS;
    return ms < IDLE_MS ? (int)ms : IDLE_MS;
}

/* Start what is due, while there is room. Milliseconds to wait. */
static int start_due(struct sender *sender)
{
    autotalloc void *ctx = talloc_new(NULL);
    int room, started;
    bool whole;

    busy_ids(ctx, sender, &room);
    if (room < ENOUGH_FREE)
        return IDLE_MS; /* calls end and make room */
    whole = !*sender->line;
    started = start_some(sender);
    if (started == 0 && !whole)
        started = start_some(sender); /* from the first line on */
    return started < 0 ? AWAY_MS : started > 0 && *sender->line ? IDLE_MS : wait_for_due(sender);
}

/* Whether notifications have come. Some come with an answer to a statement, and no socket tells of them. */
static bool news(struct sender *sender)
{
    PGconn *connection = database_handle(sender->database);
    PGnotify *note;
    bool any = false;

    if (!connection || !PQconsumeInput(connection)) {
        sender->listening = false;
        return false;
    }
    while ((note = PQnotifies(connection))) {
        PQfreemem(note);
        any = true;
    }
    return any;
}

static void listen_again(struct sender *sender)
{
    autoresult struct result listening = { 0 };

    sender->listening = database_script(sender->database, "listen sandbox_outgoing", &listening) == 0;
    if (!sender->listening && !sender->away)
        log_warning("sandbox.sender", "error=%s", listening.message);
    sender->away = !sender->listening;
}

void sender_run(const struct config *config)
{
    void *ctx = talloc_new(NULL);
    struct sender sender = { .ctx = ctx,
                             .database = database_new(ctx, config->database_url, config->database_timeout),
                             .transfers = transfers_new(ctx),
                             .line = COPY(ctx, "") };

    for (int i = 0; i < SENDING_MAX; i++)
        sender.places[i].sender = &sender;
    for (;;) {
        struct curl_waitfd notes = { .events = CURL_WAIT_POLLIN };
        int wait = AWAY_MS;

        if (!sender.listening)
            listen_again(&sender);
        if (sender.listening)
            note_ended(&sender);
        if (sender.listening)
            wait = start_due(&sender);
        if (sender.listening && news(&sender))
            wait = 0;
        notes.fd = sender.listening ? PQsocket(database_handle(sender.database)) : -1;
        if (transfers_wait(sender.transfers, &notes, sender.listening, wait) < 0)
            _exit(1);
    }
}
