/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transfers.h"
#include "common/memory.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdbool.h>

struct transfer {
    struct transfer *next, **at; /* at: what points here */
    CURL *easy;
    transfer_done_fn *done;
    void *closure;
};

struct transfers {
    CURLM *multi;
    struct transfer *first;
    size_t count;
};

static int transfers_free(struct transfers *transfers)
{
    for (const struct transfer *t = transfers->first; t; t = t->next)
        curl_multi_remove_handle(transfers->multi, t->easy);
    curl_multi_cleanup(transfers->multi);
    curl_global_cleanup();
    return 0;
}

struct transfers *transfers_new(void *ctx)
{
    struct transfers *transfers = NEW(ctx, struct transfers);

    /* curl has OpenSSL load the texts of all its errors, which it does not show us: half a MiB resident. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT); /* counted: each has its cleanup */
    transfers->multi = memory_check(curl_multi_init());
    talloc_set_destructor(transfers, transfers_free);
    return transfers;
}

int transfers_add(struct transfers *transfers, CURL *easy, transfer_done_fn *done, void *closure)
{
    struct transfer *transfer;

    if (curl_multi_add_handle(transfers->multi, easy) != CURLM_OK)
        return -EINVAL;
    transfer = NEW(transfers, struct transfer);
    *transfer = (struct transfer){ transfers->first, &transfers->first, easy, done, closure };
    if (transfer->next)
        transfer->next->at = &transfer->next;
    transfers->first = transfer;
    transfers->count++;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    return 0;
}

static void transfer_unlink(struct transfers *transfers, struct transfer *transfer)
{
    curl_multi_remove_handle(transfers->multi, transfer->easy);
    *transfer->at = transfer->next;
    if (transfer->next)
        transfer->next->at = transfer->at;
    transfers->count--;
    talloc_free(transfer);
}

void transfers_remove(struct transfers *transfers, CURL *easy)
{
    struct transfer *transfer = transfers->first;

    while (transfer && transfer->easy != easy)
        transfer = transfer->next;
    if (transfer)
        transfer_unlink(transfers, transfer);
}

size_t transfers_count(const struct transfers *transfers)
{
    return transfers->count;
}

/* Take one ended transfer out and report it. False when there is none. */
static bool transfers_reap(struct transfers *transfers)
{
    struct transfer *transfer = NULL, ended;
    CURLcode code;
    CURLMsg *message;
    long response = 0;
    int left;

    do
        message = curl_multi_info_read(transfers->multi, &left);
    while (message && message->msg != CURLMSG_DONE);
    if (!message)
        return false;
    code = message->data.result; /* the message dies with the handle's leaving */
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &response);
    ended = *transfer;
    transfer_unlink(transfers, transfer);
    ended.done(ended.closure, code, response);
    return true;
}

int transfers_wait(struct transfers *transfers, struct curl_waitfd *extra, unsigned n, int timeout_ms)
{
    int running, ended = 0;

    if (curl_multi_poll(transfers->multi, extra, n, timeout_ms, NULL) != CURLM_OK)
        return -EIO;
    if (curl_multi_perform(transfers->multi, &running) != CURLM_OK)
        return -EIO;
    while (transfers_reap(transfers))
        ended++;
    return ended;
}
