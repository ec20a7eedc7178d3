/* SPDX-License-Identifier: GPL-3.0-or-later
 * millrace top: queues and workers, a frame a second. Plain ANSI escapes on the terminal's other screen, which is left
 * on every way out. */
#include "common/json.h"
#include "common/memory.h"
#include "common/signals.h"
#include "queue/cli/arguments.h"
#include "queue/cli/options.h"
#include "queue/gauges.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { PERIOD_MS = 1000, WORKERS_MAX = 200 };

/* Counters of a queue as of the last frame. */
struct before {
    const char *queue;
    long long put, done, failed, at_ms;
};

struct top {
    struct operation *operation;
    struct before *before; /* a row for each queue that was ever drawn: some come while we look */
    size_t queues;         /* of those */
    int rows, columns;     /* of the terminal; 0: without end */
    int printed;
    bool once;
};

/* ---- a frame ---- */

/* One line, cut to the terminal. */
__attribute__((format(printf, 3, 4))) static void line(struct top *top, const char *style, const char *format, ...)
{
    autotalloc void *ctx = talloc_new(NULL);
    va_list arguments;
    char *text;

    if (top->rows && top->printed >= top->rows - 1)
        return;
    va_start(arguments, format);
    text = memory_check(talloc_vasprintf(ctx, format, arguments));
    va_end(arguments);
    if (top->columns && strlen(text) > (size_t)top->columns)
        text[top->columns] = '\0';
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || (unsigned char)*at == 0x7f)
            *at = '?';
    if (top->once)
        printf("%s\n", text);
    else
        printf("%s%s\033[0m\033[K\n", style, text);
    top->printed++;
}

static const char *age(void *ctx, long long ms)
{
    long long s = ms / 1000;

    if (ms == 0)
        return "-";
    if (s < 60)
        return FORMAT(ctx, "%lld.%llds", s, ms % 1000 / 100);
    if (s < 3600)
        return FORMAT(ctx, "%lldm%02llds", s / 60, s % 60);
    return s < 172800 ? FORMAT(ctx, "%lldh%02lldm", s / 3600, s / 60 % 60) : FORMAT(ctx, "%lldd", s / 86400);
}

/* How much more a second; "-" while there is nothing to compare with. Lost counters begin anew. */
static const char *rate(void *ctx, long long now, long long before, long long ms)
{
    long long n = now >= before ? now - before : now;
    return ms <= 0 ? "-" : FORMAT(ctx, "%.1f", (double)n * 1000 / (double)ms);
}

static const char *state(const struct gauge *gauge)
{
    return !gauge->known     ? "unknown"
           : gauge->paused   ? "paused"
           : !gauge->open    ? "closed"
           : gauge->refusing ? "refusing"
                             : "open";
}

static struct before *before_of(struct top *top, const char *queue)
{
    for (size_t i = 0; i < top->queues; i++)
        if (!strcmp(top->before[i].queue, queue))
            return &top->before[i];
    top->before =
        memory_check(talloc_realloc(top->operation->ctx, top->before, struct before, (unsigned)top->queues + 1));
    top->before[top->queues] = (struct before){ .queue = COPY(top->operation->ctx, queue) };
    return &top->before[top->queues++];
}

/* A number, or "-" where nobody has told it. */
static const char *told(void *ctx, bool known, long long n)
{
    return known ? FORMAT(ctx, "%lld", n) : "-";
}

static void draw_queue(struct top *top, const struct gauge *gauge, bool database)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct before *before = before_of(top, gauge->queue);
    struct before now = { before->queue, gauge_sum(gauge, "put"), gauge_sum(gauge, "done"),
                          gauge_sum(gauge, "failed") + gauge_sum(gauge, "buried"), gauge->now_ms };
    long long ms = before->at_ms && gauge->known ? now.at_ms - before->at_ms : 0;
    bool known = gauge->known;

    line(top, gauge->paused || !gauge->open || gauge->refusing ? "\033[33m" : "",
         "%-16.16s %-8s %8s %7s %7s %6s %7s %9s %8s %8s %8s %7s", gauge->queue, state(gauge),
         told(ctx, known, gauge->waiting), told(ctx, known, gauge->running), told(ctx, known, gauge->delayed),
         told(ctx, known, gauge->parked), told(ctx, database, gauge->buried), age(ctx, gauge->oldest_ms),
         rate(ctx, now.put, before->put, ms), rate(ctx, now.done, before->done, ms),
         rate(ctx, now.failed, before->failed, ms), told(ctx, known, gauge->workers));
    *before = now;
}

static long long number(const json_t *information, const char *name)
{
    return json_integer_value(json_object_get(information, name));
}

static void draw_worker(struct top *top, const char *queue, const char *name, const char *text)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *information = json_loads(text, 0, NULL);

    line(top, "", "%-16.16s %-40.40s %3lld/%-3lld %9lld %8lld %9s %6lld MiB%s", queue, name,
         number(information, "running"), number(information, "slots"), number(information, "done"),
         number(information, "failed"), age(ctx, number(information, "up_s") * 1000),
         number(information, "rss_kib") / 1024,
         json_is_true(json_object_get(information, "stopping")) ? "  stopping" : "");
}

static void draw_workers_of(struct top *top, const char *queue)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    redisReply *reply = NULL;

    command_text(ctx, &command, "HGETALL");
    command_text(ctx, &command, FORMAT(ctx, "%sinfo", queue_prefix(ctx, queue)));
    if (redis_do(queue_redis_get(top->operation->redis, queue), &command, &reply) < 0)
        return;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements && i < 2 * WORKERS_MAX; i += 2)
        draw_worker(top, queue, reply->element[i]->str, reply->element[i + 1]->str);
    freeReplyObject(reply);
}

static void draw(struct top *top)
{
    autotalloc void *ctx = talloc_new(NULL);
    char clock[32];
    struct gauges gauges;
    time_t now = time(NULL);
    struct tm utc;

    gauges_read(ctx, top->operation->database, top->operation->redis, &gauges);
    gmtime_r(&now, &utc);
    strftime(clock, sizeof clock, "%Y-%m-%d %H:%M:%S UTC", &utc);
    top->printed = 0;
    if (!top->once)
        fputs("\033[H", stdout);
    line(top, "\033[1m", "millrace %s   %s   PostgreSQL %s   Redis %s   scheduler %s", MILLRACE_VERSION, clock,
         gauges.database ? "up" : "DOWN", gauges.redis ? "up" : "DOWN",
         !gauges.database ? "unknown"
         : gauges.term    ? FORMAT(ctx, "leads (term %lld)", gauges.term)
                          : "NONE LEADS");
    line(top, "", "%s", "");
    line(top, "\033[7m", "%-16s %-8s %8s %7s %7s %6s %7s %9s %8s %8s %8s %7s", "queue", "state", "waiting", "running",
         "delayed", "parked", "buried", "oldest", "put/s", "done/s", "failed/s", "workers");
    for (size_t i = 0; i < gauges.count; i++)
        draw_queue(top, &gauges.list[i], gauges.database);
    line(top, "", "%s", "");
    line(top, "\033[7m", "%-16s %-40s %7s %9s %8s %9s %10s", "queue", "worker", "running", "done", "failed", "up",
         "memory");
    for (size_t i = 0; i < gauges.count; i++)
        draw_workers_of(top, gauges.list[i].queue);
    if (!top->once)
        fputs("\033[J", stdout);
    fflush(stdout);
}

/* ---- the screen ---- */

static void look_at_size(struct top *top)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) {
        top->rows = size.ws_row;
        top->columns = size.ws_col;
    }
}

/* Until q, a signal or the end of the input. */
static void watch(struct top *top, int signals)
{
    struct pollfd both[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
    char key;

    for (;;) {
        int n;

        look_at_size(top);
        draw(top);
        n = poll(both, ELEMENTS(both), PERIOD_MS);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0 && both[1].revents && signals_next(signals) != SIGWINCH)
            return;
        if (n > 0 && both[0].revents && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' || key == 3))
            return;
    }
}

static int run_on_terminal(struct top *top)
{
    autoclose int signals = SIGNALS_OPEN(SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH);
    struct termios before, raw;

    signal(SIGTSTP, SIG_IGN); /* a stopped one would leave the terminal as it is now */
    if (signals < 0 || tcgetattr(STDIN_FILENO, &before) < 0)
        return arguments_complain("top", "this is no terminal: --once prints one frame", FAILED);
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fputs("\033[?1049h\033[?25l\033[2J", stdout);
    watch(top, signals);
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    return DONE;
}

int command_top(struct operation *operation)
{
    static const struct option_row options[] = {
        { NULL, { .name = "--once", .type = BOOLEAN, .doc = "print one frame, without rates" } },
        OPTIONS_END,
    };
    static const struct guide guide = { "top",   "", "Show queues and workers, a frame a second, until q is pressed.",
                                        options, 0,  0 };
    struct top top = { .operation = operation };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    top.once = said.values[0] != NULL;
    if (!top.once)
        return run_on_terminal(&top);
    draw(&top);
    return DONE;
}
