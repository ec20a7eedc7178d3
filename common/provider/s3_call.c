/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/s3_call.h"
#include "common/backoff.h"
#include "common/log.h"
#include "common/memory.h"
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 4, CONNECT_MAX = 5000, PIECE = 65536, REFUSAL_MAX = 4096, SLOW = 1024 /* bytes a second */ };
enum { HASH_HEX = 2 * crypto_hash_sha256_BYTES + 1 };

/* ---- a thread's handle, which keeps the connection ---- */

static pthread_key_t easy_key;

static void easy_end(void *easy)
{
    curl_easy_cleanup(easy);
}

static void easy_key_make(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || pthread_key_create(&easy_key, easy_end) != 0)
        abort(); /* at the first call of a process: without OpenSSL or memory */
}

static CURL *easy_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CURL *easy;

    pthread_once(&once, easy_key_make);
    easy = pthread_getspecific(easy_key);
    if (easy)
        return easy;
    easy = memory_check(curl_easy_init());
    if (pthread_setspecific(easy_key, easy) != 0) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

/* ---- what goes out and comes in ---- */

/* One try of a call. */
struct attempt {
    struct s3_call *call;
    CURL *easy;
    uint64_t sent, received;
    char refusal[REFUSAL_MAX + 1];
    size_t refusal_length;
};

static size_t on_read(char *to, size_t size, size_t n, void *closure)
{
    struct attempt *attempt = closure;
    struct s3_call *call = attempt->call;
    uint64_t left = call->length - attempt->sent;
    size_t room = size * n < left ? size * n : (size_t)left;
    ssize_t got = room ? pread(call->from, to, room, (off_t)(call->offset + attempt->sent)) : 0;

    if (got < 0 || (got == 0 && left > 0)) {
        call->local = got < 0 ? -errno : -EIO; /* it has become shorter */
        return CURL_READFUNC_ABORT;
    }
    attempt->sent += (uint64_t)got;
    return (size_t)got;
}

/* curl may start anew, on another connection. */
static int on_seek(void *closure, curl_off_t offset, int origin)
{
    struct attempt *attempt = closure;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > attempt->call->length)
        return CURL_SEEKFUNC_CANTSEEK;
    attempt->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static long status_of(CURL *easy)
{
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool is_good(const struct s3_call *call, long status)
{
    return status == 204 || (call->range_length ? status == 206 : status == 200);
}

static int file_write(struct attempt *attempt, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = pwrite(attempt->call->to, bytes, n, (off_t)attempt->received);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        attempt->received += (uint64_t)written;
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

static int text_write(struct attempt *attempt, const char *bytes, size_t n)
{
    struct s3_call *call = attempt->call;

    if (n > call->text_max - call->answer_length)
        return -EIO;
    memcpy(call->answer + call->answer_length, bytes, n);
    call->answer_length += n;
    call->answer[call->answer_length] = '\0';
    return 0;
}

static size_t on_write(char *bytes, size_t size, size_t n, void *closure)
{
    struct attempt *attempt = closure;
    struct s3_call *call = attempt->call;
    size_t length = size * n, room = REFUSAL_MAX - attempt->refusal_length;

    if (is_good(call, status_of(attempt->easy))) {
        call->local = call->to >= 0 ? file_write(attempt, bytes, length) : text_write(attempt, bytes, length);
        return call->local < 0 ? 0 : length;
    }
    room = length < room ? length : room;
    memcpy(attempt->refusal + attempt->refusal_length, bytes, room);
    attempt->refusal_length += room;
    return length;
}

/* ---- what the answer says ---- */

char *s3_element(void *ctx, const char **at, const char *name)
{
    autotalloc void *scratch = talloc_new(NULL);
    const char *open = FORMAT(scratch, "<%s>", name), *close = FORMAT(scratch, "</%s>", name);
    const char *from = strstr(*at, open), *to = from ? strstr(from, close) : NULL;

    if (!to)
        return NULL;
    from += strlen(open);
    *at = to + strlen(close);
    if (from + strcspn(from, "<&") < to)
        return NULL;
    return memory_check(talloc_strndup(ctx, from, (size_t)(to - from)));
}

int s3_code_error(const char *code)
{
    static const char *const passing[] = { "InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown" };

    for (size_t i = 0; i < ELEMENTS(passing); i++)
        if (!strcmp(passing[i], code))
            return -EAGAIN;
    return -EIO;
}

static int status_error(long status, const char *code)
{
    static const struct {
        long status;
        int r;
    } meanings[] = {
        { 401, -EACCES }, { 403, -EACCES }, { 404, -ENOENT }, { 408, -EAGAIN }, { 416, -ERANGE },
        { 429, -EAGAIN }, { 500, -EAGAIN }, { 502, -EAGAIN }, { 503, -EAGAIN }, { 504, -EAGAIN },
    };

    for (size_t i = 0; i < ELEMENTS(meanings); i++)
        if (meanings[i].status == status)
            return meanings[i].r;
    return s3_code_error(code);
}

/* Of what curl could not do. */
static int curl_error(const struct s3_call *call, CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
        return -EAGAIN;
    case CURLE_OUT_OF_MEMORY:
        return -ENOMEM;
    default:
        return call->local < 0 ? call->local : -EIO;
    }
}

/* One that can be written into an XML text, and sent back, as it is. */
static void etag_take(struct attempt *attempt)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-\"";
    struct curl_header *header;

    attempt->call->etag[0] = '\0';
    if (curl_easy_header(attempt->easy, "ETag", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
        strlen(header->value) < S3_ETAG_SIZE && !header->value[strspn(header->value, plain)])
        snprintf(attempt->call->etag, S3_ETAG_SIZE, "%s", header->value);
}

static int answer_take(struct attempt *attempt, CURLcode code)
{
    struct s3_call *call = attempt->call;
    const char *at = attempt->refusal;
    autotalloc char *word = NULL;
    long status = status_of(attempt->easy);
    curl_off_t size = -1, changed = -1;

    if (code != CURLE_OK)
        return curl_error(call, code);
    if (!is_good(call, status)) {
        word = s3_element(NULL, &at, "Code");
        snprintf(call->code, sizeof call->code, "%s", word ? word : "");
        return status_error(status, call->code);
    }
    etag_take(attempt);
    curl_easy_getinfo(attempt->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    curl_easy_getinfo(attempt->easy, CURLINFO_FILETIME_T, &changed);
    call->object = (struct s3_object){ .size = size < 0 ? 0 : (uint64_t)size, .changed_at = (time_t)changed };
    return 0;
}

/* ---- a try ---- */

/* S3 wants the hash of what is sent among what is signed, and holds it against what came. */
static int payload_hash(const struct s3_call *call, char ret[HASH_HEX])
{
    autotalloc unsigned char *piece = memory_check(talloc_size(NULL, PIECE));
    unsigned char bytes[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    uint64_t done = 0;

    crypto_hash_sha256_init(&state);
    if (call->text)
        crypto_hash_sha256_update(&state, (const unsigned char *)call->text, strlen(call->text));
    while (done < call->length) {
        uint64_t left = call->length - done;
        ssize_t n = pread(call->from, piece, left < PIECE ? (size_t)left : PIECE, (off_t)(call->offset + done));

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        crypto_hash_sha256_update(&state, piece, (unsigned long long)n);
        done += (uint64_t)n;
    }
    crypto_hash_sha256_final(&state, bytes);
    sodium_bin2hex(ret, HASH_HEX, bytes, sizeof bytes);
    return 0;
}

static void times_set(CURL *easy, const struct s3 *s3, const struct s3_call *call)
{
    uint64_t bytes = call->length + call->range_length + call->moved;
    long timeout = s3->timeout, whole = timeout + (long)(bytes / S3_RATE) * 1000;

    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, whole);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout < CONNECT_MAX ? timeout : (long)CONNECT_MAX);
    if (call->method == S3_POST)
        return; /* while S3 moves parts nothing comes */
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (timeout + 999) / 1000);
}

static void signature_set(void *ctx, CURL *easy, const struct s3 *s3)
{
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, FORMAT(ctx, "aws:amz:%s:s3", s3->region));
    curl_easy_setopt(easy, CURLOPT_USERNAME, s3->access_key);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, s3->secret_key);
}

static void method_set(void *ctx, struct attempt *attempt)
{
    const struct s3_call *call = attempt->call;
    CURL *easy = attempt->easy;

    switch (call->method) {
    case S3_GET:
        break;
    case S3_HEAD:
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        break;
    case S3_DELETE:
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
        break;
    case S3_POST:
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->text ? call->text : "");
        break;
    case S3_PUT:
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->length);
        break;
    }
    if (call->range_length)
        curl_easy_setopt(easy, CURLOPT_RANGE,
                         FORMAT(ctx, "%llu-%llu", (unsigned long long)call->range_offset,
                                (unsigned long long)(call->range_offset + call->range_length - 1)));
}

static void easy_set(void *ctx, struct attempt *attempt, const struct s3 *s3)
{
    const struct s3_call *call = attempt->call;
    CURL *easy = attempt->easy;
    const char *url = s3_url(ctx, s3, call->key);

    curl_easy_setopt(easy, CURLOPT_URL, call->query ? FORMAT(ctx, "%s?%s", url, call->query) : url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FILETIME, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, attempt);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, attempt);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
    times_set(easy, s3, call);
    signature_set(ctx, easy, s3);
    method_set(ctx, attempt);
}

/* Whether it may go better at once: a server that is too slow is not asked again, since the caller waits. */
static int attempt_make(const struct s3 *s3, struct s3_call *call, struct curl_slist *headers, bool *ret_again)
{
    autotalloc struct attempt *attempt = NEW(NULL, struct attempt);
    CURLcode code;
    int r;

    *ret_again = false;
    attempt->call = call;
    attempt->easy = easy_get();
    if (!attempt->easy)
        return -ENOMEM;
    call->answer_length = 0;
    call->code[0] = '\0';
    call->local = 0;
    easy_set(attempt, attempt, s3);
    curl_easy_setopt(attempt->easy, CURLOPT_HTTPHEADER, headers);
    code = curl_easy_perform(attempt->easy);
    r = answer_take(attempt, code);
    log_debug("s3.call", "key=%s status=%ld code=%s curl=%d error=%s", call->key, status_of(attempt->easy), call->code,
              (int)code, r < 0 ? strerror(-r) : "");
    *ret_again = r == -EAGAIN && code != CURLE_OPERATION_TIMEDOUT && call->method != S3_POST;
    curl_easy_reset(attempt->easy); /* it forgets what hangs off this attempt */
    return r;
}

int s3_do(void *ctx, const struct s3 *s3, struct s3_call *call)
{
    struct curl_slist *headers;
    char hash[HASH_HEX], header[sizeof "x-amz-content-sha256: " + HASH_HEX];
    int r = payload_hash(call, hash), wait = 0;
    bool again = true;

    if (r < 0)
        return r;
    if (call->to < 0)
        call->answer = memory_check(talloc_zero_size(ctx, call->text_max + 1));
    snprintf(header, sizeof header, "x-amz-content-sha256: %s", hash);
    headers = memory_check(curl_slist_append(NULL, header));
    for (int try = 1; again && try <= TRIES; try++) {
        if (try > 1) {
            wait = backoff_next(wait);
            usleep((useconds_t)wait * 1000);
        }
        r = attempt_make(s3, call, headers, &again);
    }
    curl_slist_free_all(headers);
    return r;
}
