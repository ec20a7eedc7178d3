/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the queues tell of their jobs: which have ended, and which have got further. Heard on a connection of its own to
 * each Redis that has queues (channel mr1:jobs), made when somebody first wants to hear of one of them. */
#ifndef MILLRACE_JOB_NEWS_H
#define MILLRACE_JOB_NEWS_H
#include "common/config.h"
#include "fcgi/wire/loop.h"
#include <stddef.h>

enum { JOB_KEY_SIZE = 16 }; /* a job's id as bytes */

struct job_news;
struct news_reader {
    void (*changed)(struct news_reader *reader, const unsigned char id[JOB_KEY_SIZE], bool ended);
    /* What was told before now may have been missed. */
    void (*missed)(struct news_reader *reader);
};
/* Opens nothing yet. The reader outlives it. */
struct job_news *job_news_new(void *ctx, struct loop *loop, const struct config *config, struct news_reader *reader);
/* Whether the news of a queue's jobs come, or will in a moment, which missed() tells. */
bool job_news_come(struct job_news *news, const char *queue);

/* An id as text of so many characters. False when it is none. */
bool job_key_read(const char *text, size_t length, unsigned char ret[JOB_KEY_SIZE]);
#endif
