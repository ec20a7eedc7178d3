/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where a Redis is, as the configuration says it. One of
 *   /run/redis.sock                                         path of a unix socket (it has a slash)
 *   HOST  HOST:PORT  [V6]:PORT                              6379 when no port is named
 *   redis://[[USER]:PASSWORD@]HOST[:PORT]                   the same with a login
 *   unix://[[USER]:PASSWORD@]/run/redis.sock
 *   sentinel://[[USER]:PASSWORD@]HOST[:PORT],.../MASTER[?sentinel=[USER]:PASSWORD]
 *                                                           the sentinels (26379), the name of what they watch, Redis'
 *                                                           login in front and the sentinels' own behind
 *   cluster://[[USER]:PASSWORD@]HOST[:PORT],...             some nodes of a cluster
 * In the forms with a scheme %XX stands for a byte in users, passwords, names and paths. There is no database number:
 * a cluster has none, and queues are told apart by their names. */
#ifndef MILLRACE_REDIS_ADDRESS_H
#define MILLRACE_REDIS_ADDRESS_H
#include <stddef.h>

enum { REDIS_PLACES_MAX = 8, REDIS_PLACE_TEXT = 320 };

/* Where one server listens: path of a unix socket, else host and port. */
struct redis_place {
    const char *path, *host;
    int port;
};
/* password: NULL when there is nothing to log in with; user: NULL for the default one. */
struct redis_login {
    const char *user, *password;
};
enum redis_way { REDIS_DIRECT, REDIS_SENTINEL, REDIS_CLUSTER };
struct redis_address {
    enum redis_way way;
    struct redis_place places[REDIS_PLACES_MAX]; /* the server, the sentinels, or nodes */
    size_t count;
    struct redis_login login, sentinel_login;
    const char *master; /* REDIS_SENTINEL */
    /* REDIS_CLUSTER: a key of the slot that is meant, "/KEY" at the end of the text, filled in for each queue; "". */
    const char *key;
};

/* Strings hang off ctx. -EINVAL with the reason, which never holds a part of the text: that may be a password. */
int redis_address_parse(void *ctx, const char *text, struct redis_address *ret, const char **ret_why);
/* For messages: path, HOST:PORT or [V6]:PORT. */
void redis_place_print(const struct redis_place *place, char to[REDIS_PLACE_TEXT]);
/* Whether an operator may write so: as redis_address_parse, and without a key. */
int redis_address_check(const char *text, const char **ret_why);

/* redis.queues, "QUEUE=ADDRESS; QUEUE=ADDRESS": the queues that do not live where redis.url says. A semicolon in an
 * address is %3B. */
struct redis_queue {
    const char *queue, *address;
};
/* *ret ends with a queue of NULL and hangs off ctx, as do the strings. -EINVAL with the reason, as above. */
int redis_queues_parse(void *ctx, const char *text, struct redis_queue **ret, const char **ret_why);
#endif
