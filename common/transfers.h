/* SPDX-License-Identifier: GPL-3.0-or-later
 * Many remote calls at once in one thread: a thin layer over curl's multi interface, for workers that mostly wait.
 * It starts what it is given: how many run at once, and at what pace, is the caller's to decide, because curl's
 * timeouts would count the time in a queue of its own. */
#ifndef MILLRACE_TRANSFERS_H
#define MILLRACE_TRANSFERS_H
#include <curl/curl.h>
#include <stddef.h>

struct transfers;

/* How a transfer ended: response is the last status the server gave, 0 for none. The handle is out of the set already
 * and may be freed; more may be added. The set itself must not be freed here. */
typedef void transfer_done_fn(void *closure, CURLcode code, long response);

/* Freeing it ends what still runs without a call. */
struct transfers *transfers_new(void *ctx);

/* Start. The handle remains the caller's, who keeps it until done() was called or it was removed; its CURLOPT_PRIVATE
 * is ours. -EINVAL when the handle runs already. */
int transfers_add(struct transfers *transfers, CURL *easy, transfer_done_fn *done, void *closure);

/* Stop one that runs; done() is not called. Nothing happens when it does not run. */
void transfers_remove(struct transfers *transfers, CURL *easy);

size_t transfers_count(const struct transfers *transfers);

/* Wait until something can move, one of the n extra sockets is ready (its revents say so) or the time is over; then
 * move everything on and call done() of what has ended. The number that ended, or -EIO. */
int transfers_wait(struct transfers *transfers, struct curl_waitfd *extra, unsigned n, int timeout_ms);
#endif
