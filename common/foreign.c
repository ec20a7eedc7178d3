/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/foreign.h"
#include "common/address.h"
#include "common/memory.h"
#include "common/text.h"
#include <errno.h>
#include <string.h>

enum { ANSWER_MAX = 64 * 1024, URL_MAX = 2048 };

static bool is_plain(const char *url)
{
    return !strncasecmp(url, "http://", 7);
}

static bool has_part(CURLU *url, CURLUPart what)
{
    char *text = NULL;
    bool there = curl_url_get(url, what, &text, 0) == CURLUE_OK && *text;

    curl_free(text);
    return there;
}

const char *foreign_url_trouble(const char *text, const char *allow)
{
    const char *trouble = NULL;
    CURLUcode code;
    CURLU *url;

    if (strlen(text) > URL_MAX)
        return "must be at most 2048 characters";
    if (strncasecmp(text, "https://", 8) != 0 && !(is_plain(text) && *allow))
        return "must be an https address";
    url = memory_check(curl_url());
    code = curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    if (code == CURLUE_USER_NOT_ALLOWED)
        trouble = "must not have a user name or a password in it: the signature of each delivery tells whose it is";
    else if (code != CURLUE_OK || !has_part(url, CURLUPART_HOST))
        trouble = "must be a URL such as https://example.org/hook";
    curl_url_cleanup(url);
    return trouble;
}

/* Called with each address that a connection is to be made to. */
static curl_socket_t on_open(void *closure, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct foreign_call *call = closure;
    const char *special = address_special(&address->addr);
    char text[ADDRESS_TEXT_SIZE];

    (void)purpose;
    address_print(&address->addr, text);
    if ((special || call->plain) && !text_listed_prefix(call->allow, text)) {
        snprintf(call->why, sizeof call->why, "%s is not to be called: %s", text, special ? special : "it is http");
        return CURL_SOCKET_BAD;
    }
    call->why[0] = '\0';
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What is answered is of no interest, but may not go on for ever. */
static size_t on_write(char *data, size_t size, size_t n, void *closure)
{
    struct foreign_call *call = closure;

    (void)data;
    call->received += size * n;
    return call->received > ANSWER_MAX ? 0 : size * n;
}

static bool is_header(const char *line)
{
    for (; *line; line++)
        if ((unsigned char)*line < 0x20 || *line == 0x7f)
            return false;
    return true;
}

static int headers_make(struct foreign_call *call, const char *const *lines)
{
    for (; *lines; lines++) {
        if (!is_header(*lines))
            return -EINVAL;
        call->headers = memory_check(curl_slist_append(call->headers, *lines));
    }
    call->headers = memory_check(curl_slist_append(call->headers, "Expect:"));
    return 0;
}

static void call_set(struct foreign_call *call, const struct foreign_request *request)
{
    CURL *easy = call->easy;

    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, call->plain ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* no waiting for a name server that does not answer */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    /* Each call its own connection: what an address was when an earlier one was made is nobody's word for what it is.
     */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

static int foreign_call_free(struct foreign_call *call)
{
    if (call->easy)
        curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    return 0;
}

int foreign_prepare(void *ctx, const struct foreign_request *request, struct foreign_call **ret)
{
    struct foreign_call *call;

    if (foreign_url_trouble(request->url, request->allow))
        return -EINVAL;
    call = NEW(ctx, struct foreign_call);
    talloc_set_destructor(call, foreign_call_free);
    call->allow = COPY(call, request->allow);
    call->body = memory_check(talloc_memdup(call, request->body, request->length));
    call->plain = is_plain(request->url);
    if (headers_make(call, request->headers) < 0) {
        talloc_free(call);
        return -EINVAL;
    }
    call->easy = memory_check(curl_easy_init());
    call_set(call, request);
    *ret = call;
    return 0;
}

const char *foreign_trouble(void *ctx, const struct foreign_call *call, CURLcode code, long status)
{
    if (call->why[0])
        return COPY(ctx, call->why);
    if (call->received > ANSWER_MAX)
        return FORMAT(ctx, "the answer %ld has more than %d bytes", status, ANSWER_MAX);
    if (code != CURLE_OK)
        return COPY(ctx, curl_easy_strerror(code));
    return status >= 200 && status < 300 ? NULL : FORMAT(ctx, "the answer was %ld", status);
}
