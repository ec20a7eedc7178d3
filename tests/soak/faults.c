/* SPDX-License-Identifier: GPL-3.0-or-later
 * Seeded faults between a process and its servers. This file's read, write, recv and send stand in front of libc's for
 * hiredis and libpq; only the soak program is linked with it. SOAK_FAULTS="SEED PER_MILLE UNTIL" in the environment
 * says how many sends of a thousand meet one, until a moment of CLOCK_BOOTTIME (seconds); without it all passes.
 *
 *   lost before   nothing is sent, the connection breaks
 *   lost after    it is sent, and the connection breaks before the answer is read: done or not, nobody knows
 *   delay         it is sent a little later
 *   twice         a call of a function reaches Redis a second time over another connection (not reserve: a second one
 * of these is another call, not the same again) refused       Redis answers such a call with an error, and nothing is
 * done */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS = 256, DELAY_MS = 400, TWICE_MS = 300 };
enum peer { PEER_NONE, PEER_REDIS, PEER_POSTGRES };
enum fault { LOST_BEFORE, LOST_AFTER, DELAY, TWICE, REFUSED, FAULTS };

/* What the next read of a descriptor is to get. */
static struct {
    bool broken;
    const char *reply;
} planned[DESCRIPTORS];

static struct {
    bool asked;
    uint64_t state;
    unsigned per_mille;
    double until;
} dice;

static const char *const refusals[] = {
    "-LOADING Redis is loading the dataset in memory\r\n",
    "-READONLY You can't write against a read only replica.\r\n",
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "-ERR Function not found\r\n",
};

/* splitmix64 */
static uint64_t throw_dice(uint64_t below)
{
    uint64_t z = dice.state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

static void dice_take(void)
{
    const char *text = getenv("SOAK_FAULTS");
    char *at;

    dice.asked = true;
    if (!text)
        return;
    dice.state = strtoull(text, &at, 10);
    dice.per_mille = (unsigned)strtoul(at, &at, 10);
    dice.until = strtod(at, NULL);
}

/* Whether there are any at all. A child in the fence has none, and may ask nothing about its descriptors. */
static bool armed(void)
{
    if (!dice.asked)
        dice_take();
    return dice.per_mille > 0;
}

static bool faulty(void)
{
    struct timespec now;

    if (throw_dice(1000) >= dice.per_mille)
        return false;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec < dice.until;
}

static enum peer peer_of(int fd, struct sockaddr_un *ret)
{
    socklen_t length = sizeof *ret;

    memset(ret, 0, sizeof *ret);
    if (fd < 0 || fd >= DESCRIPTORS || getpeername(fd, (struct sockaddr *)ret, &length) < 0 ||
        ret->sun_family != AF_UNIX)
        return PEER_NONE;
    if (strstr(ret->sun_path, "/.s.PGSQL."))
        return PEER_POSTGRES;
    return strstr(ret->sun_path, "redis") ? PEER_REDIS : PEER_NONE;
}

static bool is_script_call(const char *bytes, size_t length)
{
    return length > 16 && *bytes == '*' && memmem(bytes, 16, "FCALL", 5);
}

/* The same call over a connection of its own; its answer is nobody's. */
static void send_twice(const struct sockaddr_un *to, const char *bytes, size_t length)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pollfd answer = { .fd = fd, .events = POLLIN };

    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 &&
        syscall(SYS_sendto, fd, bytes, length, MSG_NOSIGNAL, NULL, 0) == (long)length)
        poll(&answer, 1, TWICE_MS);
    close(fd);
}

/* True when nothing is to be sent any more: *ret is what the call returns. */
static bool meet_fault(int fd, const char *bytes, size_t length, ssize_t *ret)
{
    struct sockaddr_un address;
    enum peer peer = armed() ? peer_of(fd, &address) : PEER_NONE;
    enum fault fault;

    if (peer == PEER_NONE || !faulty())
        return false;
    fault = (enum fault)throw_dice(FAULTS);
    if (fault >= TWICE && (peer != PEER_REDIS || !is_script_call(bytes, length)))
        fault = DELAY;
    if (fault == DELAY)
        poll(NULL, 0, (int)throw_dice(DELAY_MS));
    if (fault == TWICE && !memmem(bytes, length < 64 ? length : 64, "_reserve\r\n", 10))
        send_twice(&address, bytes, length);
    if (fault == LOST_AFTER)
        planned[fd].broken = true;
    *ret = (ssize_t)length;
    if (fault == REFUSED)
        planned[fd].reply = refusals[throw_dice(sizeof refusals / sizeof *refusals)];
    if (fault == LOST_BEFORE) {
        shutdown(fd, SHUT_RDWR);
        errno = ECONNRESET;
        *ret = -1;
    }
    return fault == REFUSED || fault == LOST_BEFORE;
}

/* True when the read is not to happen. */
static bool meet_plan(int fd, char *bytes, size_t length, ssize_t *ret)
{
    struct sockaddr_un address;
    size_t n;

    if (fd < 0 || fd >= DESCRIPTORS || (!planned[fd].broken && !planned[fd].reply))
        return false;
    if (peer_of(fd, &address) == PEER_NONE) { /* that one was closed meanwhile */
        planned[fd].broken = false;
        planned[fd].reply = NULL;
        return false;
    }
    if (planned[fd].broken) {
        planned[fd].broken = false;
        shutdown(fd, SHUT_RDWR);
        errno = ECONNRESET;
        *ret = -1;
        return true;
    }
    n = strlen(planned[fd].reply) < length ? strlen(planned[fd].reply) : length;
    memcpy(bytes, planned[fd].reply, n);
    planned[fd].reply = NULL;
    *ret = (ssize_t)n;
    return true;
}

/* ---- in front of libc ---- */

ssize_t read(int fd, void *bytes, size_t length)
{
    ssize_t n;

    return meet_plan(fd, bytes, length, &n) ? n : syscall(SYS_read, fd, bytes, length);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
    ssize_t n;

    return meet_plan(fd, bytes, length, &n) ? n : syscall(SYS_recvfrom, fd, bytes, length, flags, NULL, NULL);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    ssize_t n;

    return meet_fault(fd, bytes, length, &n) ? n : syscall(SYS_write, fd, bytes, length);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t n;

    return meet_fault(fd, bytes, length, &n) ? n : syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}
