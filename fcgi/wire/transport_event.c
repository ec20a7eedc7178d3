/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/wire/transport_event.h"
#include "common/log.h"
#include "common/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,     /* a full one of a unix socket refuses at once */
    ACCEPTS = 16,       /* in one round: several processes may share the socket */
    PEERS_MAX = 16384,  /* a parked poll holds a connection of its own */
    RESERVED_FDS = 64,  /* databases, files, the pool */
    ACCEPT_PAUSE = 100, /* milliseconds */
};

/* ---- accepting ---- */

static void transport_listen(struct transport *transport)
{
    struct source *source = &transport->listener;
    int fd = source->fd;

    if (!source->events && fd >= 0)
        loop_watch(transport->loop, source, fd, transport->listener_events);
}

/* Stop taking connections; they wait in the backlog. */
static void transport_deafen(struct transport *transport)
{
    int fd = transport->listener.fd;

    if (!transport->listener.events)
        return;
    loop_forget(transport->loop, &transport->listener);
    transport->listener.fd = fd;
}

static void transport_pause_over(struct timer *timer)
{
    transport_listen(OWNER(timer, struct transport, pause));
}

static void transport_accept(struct transport *transport, int most)
{
    while (most-- > 0 && transport->peer_count < transport->peers_max) {
        int fd = accept4(transport->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            peer_new(transport, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            log_warning("front.accept", "error=%s", strerror(errno));
            transport_deafen(transport);
            loop_timer_set(transport->loop, &transport->pause, ACCEPT_PAUSE);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
    if (transport->peer_count >= transport->peers_max)
        transport_deafen(transport); /* transport_peer_gone() listens again */
}

static void transport_ready(struct source *source, uint32_t events)
{
    (void)events;
    transport_accept(OWNER(source, struct transport, listener), ACCEPTS);
}

void transport_peer_gone(struct transport *transport)
{
    transport->peer_count--;
    if (transport->draining)
        loop_defer(transport->loop, &transport->drain_check);
    else if (!transport->pause.position)
        transport_listen(transport);
}

/* ---- the socket ---- */

/* Remove a socket that nobody listens on any more. */
static int socket_remove_stale(const struct sockaddr_un *address)
{
    autoclose int fd = -1;
    struct stat found;

    if (lstat(address->sun_path, &found) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(found.st_mode))
        return -EEXIST;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN)
        return -EADDRINUSE;
    if (errno != ECONNREFUSED)
        return -errno;
    return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int socket_open(struct transport *transport, const char *path, int *ret)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    autoclose int fd = -1;
    struct stat made;
    int r;

    if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    r = socket_remove_stale(&address);
    if (r < 0)
        return r;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    /* The mode is set before anybody can connect, which takes the listen(). */
    if (chmod(path, 0660) < 0 || lstat(path, &made) < 0 || listen(fd, BACKLOG) < 0) {
        r = -errno;
        unlink(path);
        return r;
    }
    transport->path = COPY(transport, path);
    transport->device = made.st_dev;
    transport->inode = made.st_ino;
    *ret = TAKE_FD(fd);
    return 0;
}

/* Ours only: another instance may have put its own there since. */
static void socket_remove(const struct transport *transport)
{
    struct stat found;

    if (transport->path && lstat(transport->path, &found) == 0 && found.st_dev == transport->device &&
        found.st_ino == transport->inode)
        unlink(transport->path);
}

static void transport_close(struct transport *transport)
{
    int fd = transport->listener.fd;

    if (fd < 0)
        return;
    loop_timer_clear(transport->loop, &transport->pause);
    transport_deafen(transport);
    transport->listener.fd = -1;
    socket_remove(transport);
    close(fd); /* never shutdown(): an inherited one belongs to others as well */
}

/* ---- beginning and end ---- */

static void transport_drain_check(struct deferred *deferred)
{
    struct transport *transport = OWNER(deferred, struct transport, drain_check);
    void (*drained)(void *closure) = transport->drained;

    if (transport->peers || !drained)
        return;
    transport->drained = NULL;
    drained(transport->drained_closure);
}

void transport_drain(struct transport *transport, void (*drained)(void *closure), void *closure)
{
    /* What waits in the backlog of our own socket would be refused by its closing: it is taken first. */
    if (transport->path)
        transport_accept(transport, BACKLOG);
    transport_close(transport);
    transport->draining = true;
    transport->drained = drained;
    transport->drained_closure = closure;
    for (struct peer *peer = transport->peers; peer; peer = peer->next)
        peer_drain(peer);
    loop_defer(transport->loop, &transport->drain_check);
}

int transport_open_requests(const struct transport *transport)
{
    return transport->requests;
}

static int transport_free(struct transport *transport)
{
    transport_close(transport);
    while (transport->peers) {
        struct peer *peer = transport->peers;
        peer_end(peer);
        loop_undefer(transport->loop, &peer->later);
        transport->peers = peer->next;
        buffer_free(&peer->in);
        buffer_free(&peer->out);
    }
    loop_undefer(transport->loop, &transport->drain_check);
    return 0;
}

/* As many as the system lets us have. */
static int peers_limit(void)
{
    const rlim_t wanted = PEERS_MAX + RESERVED_FDS;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur > PEERS_MAX + RESERVED_FDS)
        return PEERS_MAX;
    return files.rlim_cur > RESERVED_FDS * 2 ? (int)files.rlim_cur - RESERVED_FDS : RESERVED_FDS;
}

int transport_event_new(void *ctx, struct loop *loop, struct pool *pool, const char *path, int fd,
                        const struct transport_handler *handler, struct transport **ret)
{
    struct transport *transport = NEW(ctx, struct transport);
    int r = 0;

    *transport = (struct transport){
        .loop = loop,
        .pool = pool,
        .handler = *handler,
        .peers_max = peers_limit(),
        .listener = { .ready = transport_ready, .fd = -1 },
        .listener_events = fd >= 0 ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN,
        .pause = { .due = transport_pause_over },
        .drain_check = { .call = transport_drain_check },
    };
    if (fd < 0)
        r = socket_open(transport, path, &fd);
    else if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        r = -errno;
    if (r == 0)
        r = loop_watch(loop, &transport->listener, fd, transport->listener_events);
    if (r < 0) {
        talloc_free(transport);
        return r;
    }
    talloc_set_destructor(transport, transport_free);
    *ret = transport;
    return 0;
}
