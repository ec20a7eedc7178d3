/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/listen.h"
#include "common/clock.h"
#include "common/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/redis_address.h"
#include "queue/metrics.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUEST_MAX = 4096, READ_MS = 2000, WRITE_MS = 5000, FRESH_MS = 1000, AGAIN_MS = 5000 };

struct listener {
    const struct config *config;
    struct redis_place address;
    int fd, refused; /* why it could not be had, when that was told */
    pid_t pid;
    uint64_t started_ms;
};

/* ---- one request ---- */

/* Read until the blank line that ends a request's head. Its length, or -errno. */
static int read_head(int fd, char *head, size_t size)
{
    uint64_t end = clock_boot_ms() + READ_MS, now;
    size_t length = 0;

    while ((now = clock_boot_ms()) < end && length + 1 < size) {
        struct pollfd one = { .fd = fd, .events = POLLIN };
        ssize_t n;

        if (poll(&one, 1, (int)(end - now)) <= 0)
            return -ETIMEDOUT;
        n = read(fd, head + length, size - 1 - length);
        if (n <= 0)
            return -ECONNRESET;
        length += (size_t)n;
        head[length] = '\0';
        if (strstr(head, "\r\n\r\n") || strstr(head, "\n\n"))
            return (int)length;
    }
    return -EMSGSIZE;
}

static void write_all(int fd, const char *text, size_t length)
{
    uint64_t end = clock_boot_ms() + WRITE_MS, now;

    while (length > 0 && (now = clock_boot_ms()) < end) {
        struct pollfd one = { .fd = fd, .events = POLLOUT };
        ssize_t n;

        if (poll(&one, 1, (int)(end - now)) <= 0)
            return;
        n = send(fd, text, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        text += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
}

static void answer(int fd, const char *status, const char *body, size_t length, bool body_too)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                     status, length);

    write_all(fd, head, (size_t)n);
    if (body_too)
        write_all(fd, body, length);
}

/* What was gathered last, so that whoever asks too often costs nothing. */
struct serving {
    struct database *database;
    struct queue_redis *redis;
    char *text;
    size_t length;
    uint64_t at;
};

static void serve_one(struct serving *serving, int fd)
{
    char head[REQUEST_MAX];
    bool get, only_head;

    if (read_head(fd, head, sizeof head) < 0)
        return;
    only_head = !strncmp(head, "HEAD ", 5);
    get = only_head || !strncmp(head, "GET ", 4);
    if (!get) {
        answer(fd, "405 Method Not Allowed", "", 0, true);
    } else if (strncmp(strchr(head, ' ') + 1, "/metrics ", 9) != 0) {
        answer(fd, "404 Not Found", "", 0, true);
    } else {
        if (!serving->text || clock_boot_ms() - serving->at >= FRESH_MS) {
            talloc_free(serving->text);
            serving->text = metrics_text(NULL, serving->database, serving->redis, &serving->length);
            serving->at = clock_boot_ms();
        }
        answer(fd, "200 OK", serving->text, serving->length, !only_head);
    }
}

/* ---- the process ---- */

__attribute__((noreturn)) static void serve(const struct listener *listener, pid_t parent)
{
    struct serving serving = { 0 };
    sigset_t none;
    int fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(listener->fd, 3) < 0)
        _exit(1);
    close_range(4, ~0U, 0); /* the scheduler's connections are not ours */
    serving.database = database_new(NULL, listener->config->database_url, listener->config->database_timeout);
    serving.redis = queue_redis_new(NULL, listener->config);
    for (;;) {
        struct pollfd one = { .fd = 3, .events = POLLIN };

        if (poll(&one, 1, -1) < 0 && errno != EINTR)
            _exit(1);
        fd = accept4(3, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            continue;
        serve_one(&serving, fd);
        close(fd);
    }
}

/* ---- the address ---- */

/* A socket that was left behind by one who was killed is in nobody's use. */
static bool is_in_use(const struct sockaddr_un *address)
{
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    autoclose int fd = -1;
    struct stat there;

    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (lstat(path, &there) == 0 && S_ISSOCK(there.st_mode) && !is_in_use(&address))
        unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static int listen_loopback(const struct redis_place *at)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)at->port) };
    autoclose int fd = -1;
    int on = 1;

    if (inet_pton(AF_INET, at->host, &address.sin_addr) != 1 || ntohl(address.sin_addr.s_addr) >> 24 != 127)
        return -EINVAL;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
        return -errno;
    return TAKE_FD(fd);
}

/* Listen if that is not done yet. Another scheduler of this machine may have the address: then this one takes it over
 * when that one has gone. */
static int take_address(struct listener *listener)
{
    int r;

    if (listener->fd >= 0)
        return 0;
    r = listener->address.path ? listen_unix(listener->address.path) : listen_loopback(&listener->address);
    if (r >= 0) {
        listener->fd = r;
    } else if (r != listener->refused) {
        listener->refused = r;
        log_warning("metrics.listen", "address=%s error=%s", listener->config->scheduler_listen, strerror(-r));
    }
    return r < 0 ? r : 0;
}

static int start(struct listener *listener)
{
    pid_t parent = getpid();
    int r = take_address(listener);

    listener->started_ms = clock_boot_ms();
    if (r < 0)
        return r;
    listener->pid = fork();
    if (listener->pid == 0)
        serve(listener, parent);
    return listener->pid < 0 ? -errno : 0;
}

void listener_keep(struct listener *listener)
{
    if (!listener)
        return;
    if (listener->pid > 0 && waitpid(listener->pid, NULL, WNOHANG) == listener->pid)
        listener->pid = -1;
    if (listener->pid < 0 && clock_boot_ms() - listener->started_ms >= AGAIN_MS)
        start(listener);
}

static int listener_free(struct listener *listener)
{
    if (listener->pid > 0) {
        kill(listener->pid, SIGKILL);
        waitpid(listener->pid, NULL, 0);
    }
    if (listener->fd >= 0) {
        close(listener->fd);
        if (listener->address.path)
            unlink(listener->address.path);
    }
    return 0;
}

int listener_new(void *ctx, const struct config *config, struct listener **ret)
{
    struct redis_address address = { .count = 0 }; /* the same forms of a path or host and port */
    struct listener *listener;
    const char *why;
    int r;

    *ret = NULL;
    if (!*config->scheduler_listen)
        return 0;
    listener = NEW(ctx, struct listener);
    listener->config = config;
    listener->fd = listener->pid = -1;
    talloc_set_destructor(listener, listener_free);
    r = redis_address_parse(listener, config->scheduler_listen, &address, &why);
    listener->address = address.places[0];
    if (r == 0)
        r = start(listener);
    if (r == -EINVAL || r == -ENAMETOOLONG) {
        talloc_free(listener);
        return r;
    }
    *ret = listener;
    return 0;
}
