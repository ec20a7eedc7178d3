/* SPDX-License-Identifier: GPL-3.0-or-later
 * Polls over FastCGI, as a web server sends them: a connection each. For bench/front/parked.py.
 *
 *   parked park SOCKET FILE           one poll that waits for each line of FILE (a URI); each that is answered is sent
 *                                     again. Says "parked N" when all are sent, and ends when standard input does.
 *   parked load SOCKET FILE SECONDS RATE   RATE requests a second for the first line of FILE, for so many seconds:
 * prints how many, and p50 and p99 of their times in microseconds.
 *
 * BENCH_TOKEN has the access token. */
#include "common/banned.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6, HEAD = 8 };
enum { EVENTS = 256, LOADERS = 64, PARKS_A_MS = 2, REQUEST_MAX = 4096, SAMPLES_MAX = 1 << 20 };

struct peer {
    int fd;
    const char *uri;
    uint64_t sent_at; /* 0: free */
    unsigned char head[HEAD];
    int have;    /* of the head */
    size_t skip; /* of the record's content and padding */
    char status[12];
    size_t status_length;
};

static const char *socket_path;
static int events;
static uint32_t times[SAMPLES_MAX];
static int time_count, bad;

static void die(const char *what)
{
    fprintf(stderr, "parked: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- asking ---- */

static unsigned char *put_head(unsigned char *at, int type, size_t length)
{
    const unsigned char head[HEAD] = {
        1, (unsigned char)type, 0, 1, (unsigned char)(length >> 8), (unsigned char)length
    };
    return mempcpy(at, head, HEAD);
}

static unsigned char *put_length(unsigned char *at, size_t length)
{
    if (length < 128) {
        *at = (unsigned char)length;
        return at + 1;
    }
    const unsigned char long_one[4] = { 0x80, 0, (unsigned char)(length >> 8), (unsigned char)length };
    return mempcpy(at, long_one, sizeof long_one);
}

static unsigned char *put_pair(unsigned char *at, const char *name, const char *value)
{
    at = put_length(at, strlen(name));
    at = put_length(at, strlen(value));
    at = mempcpy(at, name, strlen(name));
    return mempcpy(at, value, strlen(value));
}

/* What nginx sends with etc/nginx/millrace-fastcgi.conf, for a client that says what browsers say. */
static unsigned char *put_params(unsigned char *at, const char *uri)
{
    static char bearer[1024];
    const char *query = strchr(uri, '?');
    const char *const pairs[][2] = {
        { "GATEWAY_INTERFACE", "CGI/1.1" },
        { "REQUEST_METHOD", "GET" },
        { "REQUEST_URI", uri },
        { "QUERY_STRING", query ? query + 1 : "" },
        { "CONTENT_TYPE", "" },
        { "CONTENT_LENGTH", "" },
        { "REMOTE_ADDR", "127.0.0.1" },
        { "REMOTE_PORT", "54321" },
        { "SERVER_NAME", "localhost" },
        { "SERVER_ADDR", "127.0.0.1" },
        { "SERVER_PORT", "8080" },
        { "SERVER_PROTOCOL", "HTTP/1.1" },
        { "SERVER_SOFTWARE", "nginx/1.22.1" },
        { "REQUEST_SCHEME", "http" },
        { "HTTP_HOST", "api.example.org" },
        { "HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0" },
        { "HTTP_ACCEPT", "application/json" },
        { "HTTP_ACCEPT_LANGUAGE", "en-US,en;q=0.5" },
        { "HTTP_ACCEPT_ENCODING", "gzip, deflate, br" },
        { "HTTP_CONNECTION", "keep-alive" },
        { "HTTP_AUTHORIZATION", bearer },
    };

    snprintf(bearer, sizeof bearer, "Bearer %s", getenv("BENCH_TOKEN") ? getenv("BENCH_TOKEN") : "");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        at = put_pair(at, pairs[i][0], pairs[i][1]);
    return at;
}

static void peer_ask(struct peer *peer)
{
    static const unsigned char begin[HEAD] = { 0, 1, 1 }; /* a responder that keeps the connection */
    unsigned char request[REQUEST_MAX], *at = mempcpy(put_head(request, BEGIN, HEAD), begin, HEAD), *params = at;

    at = put_params(at + HEAD, peer->uri);
    put_head(params, PARAMS, (size_t)(at - params) - HEAD);
    at = put_head(at, PARAMS, 0);
    at = put_head(at, STDIN, 0);
    peer->sent_at = now_us();
    peer->status_length = 0;
    if (write(peer->fd, request, (size_t)(at - request)) != at - request)
        die("write");
}

static void peer_open(struct peer *peer, const char *uri)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };

    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    *peer = (struct peer){ .uri = uri, .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    if (peer->fd < 0)
        die("socket");
    while (connect(peer->fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        if (errno != EAGAIN) /* a full backlog */
            die("connect");
        poll(NULL, 0, 1);
    }
    if (fcntl(peer->fd, F_SETFL, O_NONBLOCK) < 0 || epoll_ctl(events, EPOLL_CTL_ADD, peer->fd, &event) < 0)
        die("epoll");
}

/* ---- answers ---- */

/* True when the answer is whole with these bytes. */
static bool peer_take(struct peer *peer, const char *bytes, size_t n)
{
    bool whole = false;

    for (size_t part; n; bytes += part, n -= part) {
        if (peer->have < HEAD) {
            peer->head[peer->have++] = (unsigned char)*bytes;
            part = 1;
            if (peer->have == HEAD)
                peer->skip = (size_t)(peer->head[4] << 8 | peer->head[5]) + peer->head[6];
        } else {
            part = n < peer->skip ? n : peer->skip;
            for (size_t i = 0; peer->head[1] == STDOUT && i < part && peer->status_length < sizeof peer->status - 1;
                 i++)
                peer->status[peer->status_length++] = bytes[i];
            peer->skip -= part;
        }
        if (peer->have == HEAD && !peer->skip) {
            whole |= peer->head[1] == END;
            peer->have = 0;
        }
    }
    return whole;
}

static bool peer_read(struct peer *peer)
{
    char bytes[16384];
    ssize_t n = read(peer->fd, bytes, sizeof bytes);

    if (n == 0 || (n < 0 && errno != EAGAIN))
        die("the front has hung up");
    if (n < 0 || !peer_take(peer, bytes, (size_t)n))
        return false;
    if (peer->status_length < sizeof peer->status - 1 ||
        memcmp(peer->status, "Status: 200", sizeof peer->status - 1) != 0)
        bad++;
    return true;
}

/* ---- what is done ---- */

static char **read_lines(const char *path, int *ret_count)
{
    FILE *from = fopen(path, "re");
    char **lines = NULL, *line = NULL;
    size_t room = 0;
    int count = 0;

    if (!from)
        die(path);
    while (getline(&line, &room, from) > 0) {
        line[strcspn(line, "\n")] = '\0';
        lines = reallocarray(lines, (size_t)count + 1, sizeof *lines);
        if (!lines || !(lines[count++] = strdup(line)))
            die("memory");
    }
    free(line);
    fclose(from);
    *ret_count = count;
    return lines;
}

static int park(char **uris, int count)
{
    struct peer *peers = calloc((size_t)count, sizeof *peers);
    struct pollfd watched[] = { { .fd = events, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
    struct epoll_event ready[EVENTS];
    int n;

    for (int i = 0; peers && i < count; i++) {
        peer_open(&peers[i], uris[i]);
        peer_ask(&peers[i]);
        if (i % PARKS_A_MS == 0)
            poll(NULL, 0, 1);
    }
    printf("parked %d\n", count);
    fflush(stdout);
    while (!watched[1].revents && poll(watched, 2, -1) >= 0) {
        n = epoll_wait(events, ready, EVENTS, 0);
        for (int i = 0; i < n; i++)
            if (peer_read(ready[i].data.ptr))
                peer_ask(ready[i].data.ptr);
    }
    free(peers);
    return bad > 0;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void answers_take(int timeout)
{
    struct epoll_event ready[EVENTS];
    int n = epoll_wait(events, ready, EVENTS, timeout);

    for (int i = 0; i < n; i++) {
        struct peer *peer = ready[i].data.ptr;

        if (!peer_read(peer))
            continue;
        if (time_count < SAMPLES_MAX)
            times[time_count++] = (uint32_t)(now_us() - peer->sent_at);
        peer->sent_at = 0;
    }
}

/* When all are busy the next waits, and its time counts from when it is sent: that it was held up shows in theirs. */
static int load(const char *uri, int seconds, int rate)
{
    static struct peer peers[LOADERS];
    uint64_t began, due, step = 1000000u / (unsigned)rate;
    int next = 0;

    for (int i = 0; i < LOADERS; i++)
        peer_open(&peers[i], uri);
    began = due = now_us();
    while (now_us() < began + (uint64_t)seconds * 1000000) {
        for (; due <= now_us() && !peers[next].sent_at; due += step, next = (next + 1) % LOADERS)
            peer_ask(&peers[next]);
        answers_take(due > now_us() + 1000 ? 1 : 0);
    }
    if (!time_count)
        return 1;
    qsort(times, (size_t)time_count, sizeof *times, compare);
    printf("%d %u %u\n", time_count, times[time_count / 2], times[(size_t)time_count * 99 / 100]);
    return bad > 0;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    char **uris;
    int count;

    if (argc < 4 || (strcmp(argv[1], "park") && (strcmp(argv[1], "load") || argc < 6)))
        return 2;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    events = epoll_create1(EPOLL_CLOEXEC);
    socket_path = argv[2];
    uris = read_lines(argv[3], &count);
    if (!strcmp(argv[1], "park"))
        return park(uris, count);
    return load(uris[0], (int)strtol(argv[4], NULL, 10), (int)strtol(argv[5], NULL, 10));
}
