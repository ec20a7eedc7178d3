/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/job.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <errno.h>
#include <stdarg.h>

enum { WHY_MAX = 1000 };

const struct job_kind *job_kind_in(const struct job_kind *kinds, const char *name)
{
    for (const struct job_kind *kind = kinds; kind->name; kind++)
        if (name && !strcmp(kind->name, name))
            return kind;
    return NULL;
}

const struct job_kind *job_kind_find(const char *name)
{
    return job_kind_in(job_kinds, name);
}

/* Cut text to size bytes, not within a UTF-8 character. */
static void cut(char *text, size_t size)
{
    if (strlen(text) <= size)
        return;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    text[size] = '\0';
}

/* Replies of strangers end up in here: what PostgreSQL or a log line would not take becomes a question mark. */
static void scrub(char *text)
{
    while (*text) {
        uint32_t character;
        size_t n = utf8_next(text, &character);

        if (n == 0 || character < ' ' || character == 0x7f)
            *text = n == 1 && (character == '\n' || character == '\t') ? ' ' : '?';
        text += n ? n : 1;
    }
}

__attribute__((format(printf, 4, 0))) static void job_end(struct job *job, enum job_outcome outcome, int delay,
                                                          const char *format, va_list arguments)
{
    char *why = memory_check(talloc_vasprintf(job, format, arguments));

    scrub(why);
    cut(why, WHY_MAX);
    job->outcome = outcome;
    job->delay = delay;
    job->why = why;
    job->limited = false;
}

int job_release(struct job *job, int delay, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    job_end(job, JOB_RELEASE, delay, format, arguments);
    va_end(arguments);
    return -EAGAIN;
}

int job_bury(struct job *job, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    job_end(job, JOB_BURY, 0, format, arguments);
    va_end(arguments);
    return -ECANCELED;
}

int job_snooze(struct job *job, int delay, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    job_end(job, JOB_SNOOZE, delay > 0 ? delay : 0, format, arguments);
    va_end(arguments);
    return -EAGAIN;
}

int job_limited(struct job *job, int delay, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    job_end(job, JOB_SNOOZE, delay > 0 ? delay : 1, format, arguments);
    va_end(arguments);
    job->limited = true;
    return -EAGAIN;
}

void job_progress(struct job *job, int percent)
{
    if (percent > 100)
        percent = 100;
    if (percent <= job->percent)
        return;
    job->percent = percent;
    job->host->progress(job, percent);
}

const char *job_text(const struct job *job, const char *name)
{
    return json_string_value(json_object_get(job->args, name));
}

/* Decimal digits, perhaps after a minus sign, that fit. */
static long long digits(const char *text, long long otherwise)
{
    const char *first = text + (text[0] == '-');
    long long value;

    if (!*first || first[strspn(first, "0123456789")])
        return otherwise;
    errno = 0;
    value = strtoll(text, NULL, 10);
    return errno ? otherwise : value;
}

long long job_number(const struct job *job, const char *name, long long otherwise)
{
    const json_t *value = json_object_get(job->args, name);

    if (json_is_integer(value))
        return json_integer_value(value);
    if (json_is_boolean(value))
        return json_is_true(value);
    if (json_is_string(value))
        return digits(json_string_value(value), otherwise);
    return otherwise;
}

void job_finished(struct job *job, int r)
{
    job->host->finished(job, r);
}

bool job_still_mine(struct job *job)
{
    return job->host->still_mine(job);
}
