/* SPDX-License-Identifier: GPL-3.0-or-later
 * The log: one line per event on stderr, `event key=value ...`, with a level prefix journald understands when
 * stderr is the journal and a UTC time stamp when it is not. Control bytes in values are escaped, so that nobody
 * can write a line of his own. Library code (common/) logs nothing above debug: it returns errors. */
#ifndef MILLRACE_LOG_H
#define MILLRACE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* program: static, shown in each line. threshold: lines above it are dropped. */
void log_init(const char *program, enum log_level threshold);
/* -EINVAL unless text is one of error, warning, info, debug. */
int log_level_parse(const char *text, enum log_level *ret);

/* event: dotted name such as job.done; format: space-separated key=value pairs, may be empty. */
void log_line(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)
#define log_warning(event, ...) log_line(LOG_WARNING, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)
#endif
