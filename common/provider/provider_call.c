/* SPDX-License-Identifier: GPL-3.0-or-later
 * One call to an outside service. The rule that matters: a request with effect leaves this machine once at most. curl
 * sends a request anew, on another connection, when one that it had kept open breaks before any answer; from a body
 * that it cannot wind back it does not. */
#include "common/address.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/provider/provider.h"
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

enum { ANSWER_MAX = 4 << 20, SAID_MAX = 300, KEY_MAX = 4096 };

struct provider_calling {
    struct provider_call *call;
    CURL *easy;
    struct curl_slist *headers;
    struct transfers *transfers; /* those it runs among; NULL: none */
    void (*done)(void *closure);
    void *closure;
    const char *url; /* without its query: for the log */
    const char *body;
    size_t length, sent, room, max;
    struct provider_request asked; /* what is needed of it later */
    long retry_after;              /* as the service has said; -1: it has not */
    bool too_large;
};

/* ---- what goes out and comes in ---- */

static size_t on_read(char *to, size_t size, size_t n, void *closure)
{
    struct provider_calling *calling = closure;
    size_t room = size * n, left = calling->length - calling->sent;
    size_t length = left < room ? left : room;

    memcpy(to, calling->body + calling->sent, length);
    calling->sent += length;
    return length;
}

static size_t on_write(char *bytes, size_t size, size_t n, void *closure)
{
    struct provider_calling *calling = closure;
    struct provider_call *call = calling->call;
    size_t length = size * n;

    if (length > calling->max - call->length) {
        calling->too_large = true;
        return 0;
    }
    if (call->length + length >= calling->room) {
        calling->room = (call->length + length + 1) * 2;
        call->bytes = memory_check(talloc_realloc_size(call, call->bytes, calling->room));
    }
    memcpy(call->bytes + call->length, bytes, length);
    call->length += length;
    call->bytes[call->length] = '\0';
    return length;
}

/* ---- what the answer means ---- */

/* The service's own words, wherever it has put them. */
static const char *said(const struct provider_call *call)
{
    static const char *const places[] = { "message", "detail", "error_description", "title", "error" };
    const json_t *error = json_object_get(call->json, "error");
    const json_t *within = json_is_object(error) ? error : call->json;

    for (size_t i = 0; i < ELEMENTS(places); i++)
        if (json_is_string(json_object_get(within, places[i])))
            return json_string_value(json_object_get(within, places[i]));
    return NULL;
}

static void set(struct provider_call *call, enum provider_verdict verdict, const char *what)
{
    const char *text = said(call);

    call->verdict = verdict;
    if (call->status && text)
        call->why = FORMAT(call, "%s said %ld: %.*s", call->provider->name, call->status, SAID_MAX, text);
    else if (call->status)
        call->why =
            FORMAT(call, "%s said %ld%s%s", call->provider->name, call->status, what ? ": " : "", what ? what : "");
    else
        call->why = FORMAT(call, "%s: %s", call->provider->name, what ? what : "no answer");
}

/* Whether anything of the request may have reached the service. */
static bool was_sent(CURL *easy)
{
    long size = 0;

    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &size);
    return size > 0;
}

/* The code of a refusal, wherever it has put it. */
static const char *code_of(const struct provider_call *call)
{
    const json_t *error = json_object_get(call->json, "error");

    return json_string_value(json_object_get(json_is_object(error) ? error : call->json, "code"));
}

static void answer_read(struct provider_calling *calling)
{
    struct provider_call *call = calling->call;
    const char *why;

    if (call->bytes && !(calling->asked.raw && call->status < 300) &&
        json_parse_strict(call, call->bytes, call->length, &call->json, &why) < 0)
        call->json = NULL;
}

static void times_read(struct provider_calling *calling)
{
    static const char *const ids[] = { "request-id", "x-request-id", "twilio-request-id" };
    struct provider_call *call = calling->call;
    struct curl_header *header;
    curl_off_t after = 0;

    if (curl_easy_header(calling->easy, "x-ratelimit-remaining-requests", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        call->remaining = header->value[strspn(header->value, "0123456789")] ? -1 : strtol(header->value, NULL, 10);
    curl_easy_getinfo(calling->easy, CURLINFO_RETRY_AFTER, &after);
    if (after > 0)
        calling->retry_after = after < INT_MAX ? (long)after : INT_MAX;
    for (size_t i = 0; i < ELEMENTS(ids) && !*call->id; i++)
        if (curl_easy_header(calling->easy, ids[i], 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
            snprintf(call->id, sizeof call->id, "%s", header->value);
    for (char *at = call->id; *at; at++)
        if (*at <= ' ' || *at >= 0x7f)
            *at = '_';
}

static void judge(struct provider_calling *calling, CURLcode code)
{
    struct provider_call *call = calling->call;
    bool effect = calling->asked.effect, empty = call->status == 204 || calling->asked.raw;
    enum provider_verdict broken = effect && was_sent(calling->easy) ? PROVIDER_UNKNOWN : PROVIDER_LATER;

    if (code != CURLE_OK)
        call->status = 0; /* an answer that broke off says nothing */
    if (calling->too_large)
        set(call, effect ? PROVIDER_UNKNOWN : PROVIDER_NEVER, "the answer is too large");
    else if ((code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) && !was_sent(calling->easy))
        set(call, PROVIDER_NEVER, curl_easy_strerror(code));
    else if (code != CURLE_OK)
        set(call, broken, curl_easy_strerror(code));
    else if (call->status < 200 || call->status >= 300)
        set(call,
            provider_verdict(call->provider, &calling->asked, call->status, calling->retry_after, code_of(call),
                             &call->retry_after),
            NULL);
    else if (!call->json && !empty)
        set(call, broken, "an answer that is not JSON");
    else
        call->verdict = PROVIDER_DONE;
}

static void finish(struct provider_calling *calling, CURLcode code)
{
    struct provider_call *call = calling->call;

    curl_easy_getinfo(calling->easy, CURLINFO_RESPONSE_CODE, &call->status);
    if (code == CURLE_OK) {
        times_read(calling);
        answer_read(calling);
    }
    judge(calling, code);
    log_debug("provider.call", "provider=%s url=%s status=%ld id=%s curl=%d", call->provider->name, calling->url,
              call->status, call->id, (int)code);
}

/* ---- preparing ---- */

/* curl writes a header as it is given: an end of line in it would begin another. */
static int header_add(struct provider_calling *calling, const char *line)
{
    for (const char *at = line; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return -EINVAL;
    calling->headers = memory_check(curl_slist_append(calling->headers, line));
    return 0;
}

static int proof_add(struct provider_calling *calling, const struct config *config, const char *owner)
{
    const struct provider *provider = calling->call->provider;
    const char *key = provider->proof == PROVIDER_OWNER ? owner : provider_key(config, provider);
    autotalloc void *scratch = talloc_new(NULL);
    char *pair, *encoded;
    size_t size;

    if (!key || strlen(key) > KEY_MAX)
        return -EINVAL;
    if (provider->proof == PROVIDER_HEADER)
        return header_add(calling, FORMAT(scratch, "%s: %s", provider->header, key));
    if (provider->proof != PROVIDER_BASIC)
        return header_add(calling, FORMAT(scratch, "Authorization: Bearer %s", key));
    pair = FORMAT(scratch, "%s:%s", provider_account(config, provider), key);
    size = sodium_base64_encoded_len(strlen(pair), sodium_base64_VARIANT_ORIGINAL);
    encoded = memory_check(talloc_size(scratch, size));
    sodium_bin2base64(encoded, size, (const unsigned char *)pair, strlen(pair), sodium_base64_VARIANT_ORIGINAL);
    return header_add(calling, FORMAT(scratch, "Authorization: Basic %s", encoded));
}

static int headers_set(struct provider_calling *calling, const struct config *config,
                       const struct provider_request *request, bool ours)
{
    const struct provider *provider = calling->call->provider;
    autotalloc void *scratch = talloc_new(NULL);
    int r = ours ? proof_add(calling, config, request->key) : 0;

    for (const char *const *line = provider->headers; r == 0 && ours && line && *line; line++)
        r = header_add(calling, *line);
    if (r == 0 && calling->body)
        r = header_add(calling,
                       FORMAT(scratch, "Content-Type: %s", request->type ? request->type : "application/json"));
    if (r == 0 && request->idempotency)
        r = header_add(calling, FORMAT(scratch, "Idempotency-Key: %s", request->idempotency));
    if (r == 0)
        r = header_add(calling, "Expect:"); /* nobody waits for a 100 */
    curl_easy_setopt(calling->easy, CURLOPT_HTTPHEADER, calling->headers);
    return r;
}

static int body_take(struct provider_calling *calling, const struct provider_request *request)
{
    if (request->json) {
        calling->body = json_text(calling, request->json);
        calling->length = strlen(calling->body);
    } else if (request->body) {
        calling->body = memory_check(talloc_memdup(calling, request->body, request->length));
        calling->length = request->length;
    } else if (request->method == PROVIDER_POST) {
        calling->body = "";
    }
    return calling->body ? 0 : request->json ? -EINVAL : 0;
}

static void body_set(struct provider_calling *calling, const struct provider_request *request)
{
    CURL *easy = calling->easy;

    if (request->method == PROVIDER_DELETE)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
    if (!calling->body)
        return;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)calling->length);
    if (calling->asked.effect) {
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, calling);
    } else {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, calling->body);
    }
}

/* In plain only where the operator has said so. */
static void connection_set(struct provider_calling *calling, const char *base)
{
    const struct provider *provider = calling->call->provider;
    long timeout = calling->asked.timeout ? calling->asked.timeout : provider->timeout;
    CURL *easy = calling->easy;

    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, strncmp(base, "http:", 5) ? "https" : "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* no waiting for a name server that does not answer */
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout < provider->connect ? timeout : (long)provider->connect);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Millrace/" MILLRACE_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, calling);
}

/* Of a place that an answer has named, each address that it leads to is looked at: an answer is no reason to call what
 * is not of the public network. */
static curl_socket_t on_open(void *closure, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)closure;
    (void)purpose;
    return address_special(&address->addr)
               ? CURL_SOCKET_BAD
               : socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int calling_free(struct provider_calling *calling)
{
    if (calling->transfers)
        transfers_remove(calling->transfers, calling->easy);
    curl_easy_cleanup(calling->easy);
    curl_slist_free_all(calling->headers);
    json_decref(calling->call->json);
    return 0;
}

static struct provider_calling *calling_new(struct provider_call *call, const struct provider_request *request)
{
    struct provider_calling *calling = NEW(call, struct provider_calling);

    calling->call = call;
    calling->easy = memory_check(curl_easy_init());
    calling->asked = (struct provider_request){ .effect = request->effect,
                                                .raw = request->raw,
                                                .timeout = request->timeout,
                                                .idempotency = request->idempotency ? "" : NULL };
    calling->retry_after = -1;
    calling->max = request->max ? request->max : ANSWER_MAX;
    talloc_set_destructor(calling, calling_free);
    return calling;
}

int provider_prepare(void *ctx, const struct config *config, const struct provider *provider,
                     const struct provider_request *request, struct provider_call **ret)
{
    autotalloc struct provider_call *call = NEW(ctx, struct provider_call);
    struct provider_calling *calling;
    const char *base, *url;
    bool below;
    int r;

    if (!provider_configured(config, provider))
        return -ENOTSUP;
    call->provider = provider;
    call->retry_after = call->remaining = -1;
    call->verdict = PROVIDER_LATER;
    call->counts = provider->limiter && request->method == PROVIDER_POST && !request->url;
    call->calling = calling = calling_new(call, request);
    base = provider_base(calling, config, provider);
    url = request->url ? request->url : FORMAT(calling, "%s%s", base, request->path);
    below = provider_is_below(url, base);
    calling->url = memory_check(talloc_strndup(calling, url, strcspn(url, "?")));
    r = body_take(calling, request);
    if (r == 0)
        r = headers_set(calling, config, request, below);
    if (r < 0)
        return r;
    curl_easy_setopt(calling->easy, CURLOPT_URL, url);
    if (!below && strncmp(base, "http:", 5) != 0)
        curl_easy_setopt(calling->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    connection_set(calling, base);
    body_set(calling, request);
    *ret = TAKE(call);
    return 0;
}

/* ---- making it ---- */

void provider_perform(struct provider_call *call)
{
    finish(call->calling, curl_easy_perform(call->calling->easy));
}

static void on_done(void *closure, CURLcode code, long response)
{
    struct provider_calling *calling = closure;

    (void)response;
    calling->transfers = NULL;
    finish(calling, code);
    calling->done(calling->closure);
}

int provider_start(struct provider_call *call, struct transfers *transfers, void (*done)(void *closure), void *closure)
{
    struct provider_calling *calling = call->calling;
    int r;

    calling->done = done;
    calling->closure = closure;
    r = transfers_add(transfers, calling->easy, on_done, calling);
    if (r == 0)
        calling->transfers = transfers;
    return r;
}

char *provider_escape(void *ctx, const char *text)
{
    char *escaped = memory_check(curl_easy_escape(NULL, text, 0)), *copy = COPY(ctx, escaped);

    curl_free(escaped);
    return copy;
}
