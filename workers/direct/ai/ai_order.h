/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a job has ordered at a provider and must not order twice: the table ai_order. That it is about to is written
 * down first; what it is called, as soon as that is known; an order whose answer was lost is looked for in the
 * provider's list. */
#ifndef MILLRACE_AI_ORDER_H
#define MILLRACE_AI_ORDER_H
#include "queue/job.h"

struct order {
    int position;        /* of the job's orders, from 0 */
    bool fresh;          /* nothing had been ordered: order it now */
    const char *id;      /* NULL: fresh, or it is to be looked for; on the job */
    const char *refused; /* the provider will not make it; NULL: it may */
    long long age;       /* seconds since it was ordered first */
    long long began;     /* when that was, since 1970 */
    const char *tried;   /* when it was ordered last, exactly; on the job */
    int wait;            /* seconds until the provider's list shows for sure whether that arrived; 0: it does */
};

/* All: 0, or what the job's function is to return. provider: the row's name. What is fresh has its turn in hand: who
 * waits for it has written down nothing. */
int order_begin(struct job *job, const char *provider, int position, struct order *ret);
/* It was not ordered after all, which is known: nobody waits until the list says so. */
void order_undone(struct job *job, const struct order *order);
/* The provider calls it so. What another order has taken for its own is put off: of two of the same input nobody can
 * tell which is which, and the provider may have another one. */
int order_put(struct job *job, struct order *order, const char *id);
/* After an attempt to order that has ended in job_bury(): when other orders of the job go on, this one is not made
 * again. */
int order_refuse(struct job *job, struct order *order);

/* An order whose answer was lost is looked for in Replicate's list, page by page, back to when it was made first. */
struct order_search {
    const char *model;
    const json_t *input;
    int pages;         /* read so far */
    const char *place; /* of the next page, for replicate_list(); NULL: the first */
    bool maybe;        /* one may be it, and nobody can tell any more */
};
/* Read a page. 0, and *ret_more: read the next one; else order->id is set, or it is not there, and is to be ordered
 * now: that it is about to be is written down. Negative: what the job's function is to return. */
int order_search_read(struct job *job, struct order *order, struct order_search *search, const json_t *page,
                      bool *ret_more);
#endif
