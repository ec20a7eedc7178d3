/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/log.h"
#include "common/memory.h"
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static struct {
    const char *program;
    enum log_level threshold;
    bool journal;
} log_state = { .program = "millrace", .threshold = LOG_INFO };

static const struct {
    const char *name;
    int syslog; /* the number of sd-daemon(3)'s prefix */
} log_levels[] = {
    [LOG_ERROR] = { "error", 3 },
    [LOG_WARNING] = { "warning", 4 },
    [LOG_INFO] = { "info", 6 },
    [LOG_DEBUG] = { "debug", 7 },
};

void log_init(const char *program, enum log_level threshold)
{
    log_state.program = program;
    log_state.threshold = threshold;
    log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

int log_level_parse(const char *text, enum log_level *ret)
{
    for (size_t i = 0; i < ELEMENTS(log_levels); i++)
        if (!strcmp(text, log_levels[i].name)) {
            *ret = (enum log_level)i;
            return 0;
        }
    return -EINVAL;
}

/* Copy text, control bytes and DEL written as ?, into a line of size bytes from at on; the new end. */
static size_t append_clean(char *line, size_t at, size_t size, const char *text)
{
    for (; *text && at + 1 < size; text++)
        line[at++] = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
    line[at] = '\0';
    return at;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    char values[LINE_MAX_BYTES - 256], line[LINE_MAX_BYTES], stamp[32] = "";
    struct timespec now;
    struct tm utc;
    va_list arguments;
    size_t at;

    if (level > log_state.threshold)
        return;
    va_start(arguments, format);
    vsnprintf(values, sizeof values, format, arguments);
    va_end(arguments);
    if (log_state.journal) {
        snprintf(stamp, sizeof stamp, "<%d>", log_levels[level].syslog);
    } else {
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &utc);
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(stamp + strlen(stamp), sizeof stamp - strlen(stamp), ".%03ldZ ", now.tv_nsec / 1000000);
    }
    at = (size_t)snprintf(line, sizeof line, "%s%s[%d] %s %s ", stamp, log_state.program, (int)getpid(),
                          log_levels[level].name, event);
    if (at >= sizeof line)
        at = sizeof line - 1;
    at = append_clean(line, at, sizeof line - 1, values);
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0) {
        /* Nowhere left to say it. */
    }
}
