/* SPDX-License-Identifier: GPL-3.0-or-later
 * How tests steer the sandbox and look into it: /-/control/... */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/fields.h"
#include "fcgi/sandbox/sandbox.h"
#include "fcgi/serve.h"
#include "fcgi/wire/pool.h"
#include "sandbox_sql.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MS_MAX = 60000, MAIL_MAX = 16 << 20, MAIL_PATIENCE_MS = 5000, FAULT_LATENCY_MS = 1000 };

static char *control_error(struct request *rq, enum error error, const char *message, const struct field_errors *errors)
{
    const struct field_error *first = errors->count ? errors->list : NULL;

    header_add(rq, "X-Sandbox", "millrace");
    return FORMAT(rq, "{\"error\":{\"code\":%s,\"message\":%s}}", json_quote(rq, error_name(error)),
                  json_quote(rq, first ? FORMAT(rq, "%s %s", first->field, first->message) : message));
}

static int control_accept(struct request *rq)
{
    rq->apart = true;
    header_add(rq, "X-Sandbox", "millrace");
    return 0;
}

const struct dialect control_dialect = {
    .statuses = { [E_INVALID] = 400 },
    .error_body = control_error,
    .accept = control_accept,
};

static int answer_json(struct request *rq, int status, json_t *value)
{
    rq->status = status;
    rq->body = json_text(rq, value);
    rq->body_length = strlen(rq->body);
    json_decref(value);
    return 0;
}

/* ---- faults ---- */

static long number(const struct request *rq, const char *name, long standard)
{
    const char *text = argument(rq, name);
    return text ? strtol(text, NULL, 10) : standard;
}

static const char *text(const struct request *rq, const char *name)
{
    const char *value = argument(rq, name);
    return value ? value : "";
}

static bool switched(const struct request *rq, const char *name)
{
    return *text(rq, name) == 't';
}

static json_t *fault_json(const struct fault *fault)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:b, s:i}", "id", fault->id, "service", fault->service,
                     "method", fault->method, "path", fault->path, "kind", fault_kind_names[fault->kind - 1], "ms",
                     fault->ms, "status", fault->status, "retry_after", fault->retry_after, "after", fault->after,
                     "times", fault->times);
}

static int fault_add(struct request *rq)
{
    struct fault fault = {
        .kind = FAULT_LATENCY,
        .ms = (int)number(rq, "ms", FAULT_LATENCY_MS),
        .status = (int)number(rq, "status", 500),
        .retry_after = (int)number(rq, "retry_after", 0),
        .after = switched(rq, "after"),
        .times = (int)number(rq, "times", 1),
    };

    snprintf(fault.service, sizeof fault.service, "%s", text(rq, "service"));
    snprintf(fault.method, sizeof fault.method, "%s", text(rq, "method"));
    snprintf(fault.path, sizeof fault.path, "%s", text(rq, "path"));
    while (strcmp(fault_kind_names[fault.kind - 1], text(rq, "kind")) != 0)
        fault.kind++;
    fault.id = faults_add(&sandbox_of(rq)->faults, &fault);
    if (fault.id < 0)
        return fail(rq, E_CONFLICT, NULL, "There are too many faults: clear some");
    return answer_json(rq, 201, fault_json(&fault));
}

static int fault_list(struct request *rq)
{
    const struct faults *faults = &sandbox_of(rq)->faults;
    json_t *list = json_array();

    for (int i = 0; i < faults->count; i++)
        json_array_append_new(list, fault_json(&faults->list[i]));
    return answer_json(rq, 200, list);
}

static int fault_clear(struct request *rq)
{
    int gone = faults_clear(&sandbox_of(rq)->faults, text(rq, "service"), (int)number(rq, "id", 0));

    return answer_json(rq, 200, json_pack("{s:i}", "cleared", gone));
}

static int control_reset(struct request *rq)
{
    faults_clear(&sandbox_of(rq)->faults, "", 0);
    return answer_from_sql(rq);
}

/* ---- mail: what tools/mailcatcher has, or another program that speaks as it does, on a socket ---- */

struct asking {
    struct task task;
    struct request *rq;
    const char *path, *question;
    char *answer;
    size_t length;
};

static int mail_connect(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof to.sun_path)
        return -1;
    memcpy(to.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return -1;
    return TAKE_FD(fd);
}

/* In a thread. One line asks, one answers. */
static void mail_ask(struct task *task)
{
    struct asking *asking = OWNER(task, struct asking, task);
    autoclose int fd = mail_connect(asking->path);
    size_t asked = strlen(asking->question);
    char *answer = fd < 0 ? NULL : malloc(MAIL_MAX + 1);
    ssize_t n = answer && write(fd, asking->question, asked) == (ssize_t)asked ? 1 : -1;

    while (n > 0 && asking->length < MAIL_MAX && (!asking->length || answer[asking->length - 1] != '\n')) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };

        n = poll(&ready, 1, MAIL_PATIENCE_MS) > 0 ? read(fd, answer + asking->length, MAIL_MAX - asking->length) : -1;
        asking->length += n > 0 ? (size_t)n : 0;
    }
    asking->answer = answer;
    if (n <= 0)
        asking->length = 0;
}

static void mail_asked(struct task *task)
{
    struct asking *asking = OWNER(task, struct asking, task);
    struct request *rq = asking->rq;

    if (asking->length) {
        rq->status = 200;
        rq->body = memory_check(talloc_strndup(rq, asking->answer, asking->length));
        rq->body_length = asking->length;
    } else {
        fail(rq, E_UNAVAILABLE, NULL, "The mail catcher does not answer");
    }
    free(asking->answer);
    complete(rq);
}

static int mail_list(struct request *rq)
{
    const char *path = request_config(rq)->sandbox_mail;
    struct asking *asking = NEW(rq, struct asking);

    if (!*path)
        return fail(rq, E_UNAVAILABLE, NULL, "There is no sandbox.mail here");
    *asking = (struct asking){ .task = { .run = mail_ask, .done = mail_asked }, .rq = rq, .path = path };
    asking->question = FORMAT(rq, "{\"list\":%s}\n", json_quote(rq, argument(rq, "to")));
    if (pool_submit(rq->server->pool, &asking->task) < 0)
        return fail(rq, E_UNAVAILABLE, NULL, NULL);
    rq->pending++;
    return 0;
}

/* ---- rows ---- */

/* clang-format off */
#define TOLD(where, id, most, said) { .name = id, .in = where, .type = TEXT, .max = most, .doc = said }
#define COUNTED(where, id, most, said) { .name = id, .in = where, .type = INTEGER, .min = 0, .max = most, .doc = said }
static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", NULL };

const struct endpoint control_endpoints[] = {
    ENDPOINT(sandbox, control_reset,
        .method = POST, .path = "/reset", .who = ANYONE, .uncounted = true,
        .doc = "Forget all that was made, asked and sent, and all faults.", .handler = control_reset),
    ENDPOINT(sandbox, control_calls,
        .method = GET, .path = "/calls", .who = ANYONE, .uncounted = true,
        .doc = "The calls that came, oldest first.",
        .in = FIELDS(TOLD(QUERY, "service", 31, "Of this service."),
                     { .name = "method", .in = QUERY, .type = ENUM, .values = methods, .doc = "With this method." },
                     TOLD(QUERY, "path", FAULT_PATTERN_MAX, "Whose path is LIKE this."),
                     COUNTED(QUERY, "after", 1000000000, "Behind the call of this number."),
                     COUNTED(QUERY, "limit", 10000, "No more than these (1000)."))),
    ENDPOINT(sandbox, control_sent,
        .method = GET, .path = "/sent", .who = ANYONE, .uncounted = true,
        .doc = "What the sandbox has sent, or is going to send, to webhooks.",
        .in = FIELDS(TOLD(QUERY, "service", 31, "Of this service."),
                     COUNTED(QUERY, "limit", 10000, "No more than these (1000)."))),
    ENDPOINT(sandbox, control_items,
        .method = POST, .path = "/items", .who = ANYONE, .uncounted = true,
        .doc = "How many things the list of an integration has.",
        .in = FIELDS({ .name = "service", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 31, .doc = "The integration." },
                     { .name = "count", .type = INTEGER, .flags = REQUIRED, .min = 0, .max = 100000, .doc = "So many." },
                     COUNTED(BODY, "touched", 100000, "So many of them, the last, were changed just now."))),
    ENDPOINT(sandbox, control_looks,
        .method = POST, .path = "/looks", .who = ANYONE, .uncounted = true,
        .doc = "How many looks it takes until what was ordered of a service is there.",
        .in = FIELDS({ .name = "service", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 31, .doc = "The service." },
                     { .name = "looks", .type = INTEGER, .flags = REQUIRED, .min = 0, .max = 100, .doc = "So many." })),
    ENDPOINT_WITHOUT_SQL(control_fault_add,
        .method = POST, .path = "/faults", .doc = "Have calls go wrong.",
        .in = FIELDS({ .name = "kind", .type = ENUM, .flags = REQUIRED, .values = fault_kind_names, .doc = "What happens." },
                     TOLD(BODY, "service", 31, "To calls of this service."),
                     { .name = "method", .type = ENUM, .values = methods, .doc = "With this method." },
                     TOLD(BODY, "path", FAULT_PATTERN_MAX, "Whose path fits this pattern (fnmatch)."),
                     COUNTED(BODY, "ms", MS_MAX, "Of latency: milliseconds."),
                     { .name = "status", .type = INTEGER, .min = 400, .max = 599, .doc = "Of status: this one." },
                     COUNTED(BODY, "retry_after", 3600, "Of status: the header, in seconds; 0: none."),
                     { .name = "after", .type = BOOLEAN, .doc = "What the call is to do is done first." },
                     COUNTED(BODY, "times", 1000000, "So many calls (1); 0: all.")),
        .handler = fault_add),
    ENDPOINT_WITHOUT_SQL(control_fault_list,
        .method = GET, .path = "/faults", .doc = "The faults that wait for calls.", .handler = fault_list),
    ENDPOINT_WITHOUT_SQL(control_fault_clear,
        .method = DELETE, .path = "/faults", .doc = "Clear faults.",
        .in = FIELDS(TOLD(QUERY, "service", 31, "Of this service; else all."),
                     COUNTED(QUERY, "id", 1000000000, "This one.")),
        .handler = fault_clear),
    ENDPOINT_WITHOUT_SQL(control_mail,
        .method = GET, .path = "/mail", .doc = "The mails that somebody was sent, oldest first.",
        .in = FIELDS({ .name = "to", .in = QUERY, .type = TEXT, .flags = REQUIRED, .min = 1, .max = 254, .doc = "Whose." }),
        .handler = mail_list),
    { .name = NULL },
};
/* clang-format on */
