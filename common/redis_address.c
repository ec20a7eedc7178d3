/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redis_address.h"
#include "common/memory.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>

enum { PORT = 6379, SENTINEL_PORT = 26379, QUEUES_MAX = 32 };

static int bad(const char **ret_why, const char *why)
{
    *ret_why = why;
    return -EINVAL;
}

/* ---- pieces ---- */

/* length bytes of text with %XX decoded, on ctx; NULL when that is malformed or gives a NUL byte. */
static char *decode(void *ctx, const char *text, size_t length)
{
    char *to = memory_check(talloc_size(ctx, length + 1)), *start = to;

    for (size_t i = 0; i < length; i++) {
        char digits[3] = { 0 };

        if (text[i] != '%') {
            *to++ = text[i];
            continue;
        }
        if (i + 2 >= length || !isxdigit((unsigned char)text[i + 1]) || !isxdigit((unsigned char)text[i + 2]))
            return NULL;
        memcpy(digits, text + i + 1, 2);
        *to = (char)strtol(digits, NULL, 16);
        if (!*to++)
            return NULL;
        i += 2;
    }
    *to = '\0';
    return start;
}

/* "[USER]:PASSWORD" */
static int parse_login(void *ctx, const char *text, size_t length, struct redis_login *ret, const char **ret_why)
{
    const char *colon = memchr(text, ':', length);
    const char *user, *password;

    if (!colon || colon == text + length - 1)
        return bad(ret_why, "a login is USER:PASSWORD or :PASSWORD");
    user = decode(ctx, text, (size_t)(colon - text));
    password = decode(ctx, colon + 1, length - (size_t)(colon + 1 - text));
    if (!user || !password)
        return bad(ret_why, "a login has a % that no two hexadecimal digits follow, or %00");
    *ret = (struct redis_login){ .user = *user ? user : NULL, .password = password };
    return 0;
}

static int parse_port(const char *text, int *ret, const char **ret_why)
{
    size_t digits = strspn(text, "0123456789");
    long port = digits && digits < 6 && !text[digits] ? strtol(text, NULL, 10) : 0;

    if (port < 1 || port > 65535)
        return bad(ret_why, "a port is a number from 1 to 65535");
    *ret = (int)port;
    return 0;
}

/* HOST, HOST:PORT or [V6]:PORT */
static int parse_place(void *ctx, const char *text, int standard, struct redis_place *ret, const char **ret_why)
{
    bool bracket = *text == '[';
    const char *host = text + bracket, *end = bracket ? strchr(text, ']') : strchrnul(text, ':');
    const char *rest = end ? end + bracket : "";
    struct redis_place place = { .port = standard };

    if (!end || (bracket && *rest && *rest != ':'))
        return bad(ret_why, "an IPv6 address stands in brackets, and a port behind them");
    if (!bracket && *rest && strchr(rest + 1, ':'))
        return bad(ret_why, "an IPv6 address stands in brackets: [::1]:6379");
    if (end == host)
        return bad(ret_why, "a host is missing");
    for (const char *at = host; at < end; at++)
        if (!isalnum((unsigned char)*at) && !strchr(bracket ? ":.%" : "._-", *at))
            return bad(ret_why,
                       "a host has a sign that no host has; a login is written redis://USER:PASSWORD@HOST:PORT");
    if (*rest && parse_port(rest + 1, &place.port, ret_why) < 0)
        return -EINVAL;
    place.host = memory_check(talloc_strndup(ctx, host, (size_t)(end - host)));
    *ret = place;
    return 0;
}

/* Hosts, comma-separated. */
static int parse_places(void *ctx, const char *text, int port, struct redis_address *address, const char **ret_why)
{
    char *list = COPY(ctx, text), *one;

    while ((one = strsep(&list, ","))) {
        if (address->count == REDIS_PLACES_MAX)
            return bad(ret_why, "at most 8 hosts can be named");
        if (parse_place(ctx, one, port, &address->places[address->count], ret_why) < 0)
            return -EINVAL;
        address->count++;
    }
    return 0;
}

/* ---- what follows the hosts; path begins with its slash, query with its question mark; each may be "" ---- */

static int take_nothing(void *ctx, const char *path, const char *query, struct redis_address *ret, const char **ret_why)
{
    (void)ctx;
    (void)ret;
    if (*query || (*path && strcmp(path, "/") != 0 && strcmp(path, "/0") != 0))
        return bad(ret_why, "nothing may follow the port: there are no database numbers and no options");
    return 0;
}

static int take_path(void *ctx, const char *path, const char *query, struct redis_address *ret, const char **ret_why)
{
    if (ret->count || *query || !path[0] || !path[1])
        return bad(ret_why, "unix:// needs the whole path of a socket, and nothing else");
    ret->places[0].path = decode(ctx, path, strlen(path));
    ret->count = 1;
    return ret->places[0].path ? 0 : bad(ret_why, "the path has a % that no two hexadecimal digits follow, or %00");
}

static int take_master(void *ctx, const char *path, const char *query, struct redis_address *ret, const char **ret_why)
{
    static const char login[] = "?sentinel=";
    size_t length = strlen(login);

    ret->master = *path ? decode(ctx, path + 1, strlen(path + 1)) : NULL;
    if (!ret->master || !*ret->master)
        return bad(ret_why, "sentinel:// needs the master's name behind a slash");
    if (!*query)
        return 0;
    if (strncmp(query, login, length) != 0)
        return bad(ret_why, "the only option is ?sentinel=USER:PASSWORD");
    return parse_login(ctx, query + length, strlen(query) - length, &ret->sentinel_login, ret_why);
}

static int take_key(void *ctx, const char *path, const char *query, struct redis_address *ret, const char **ret_why)
{
    ret->key = decode(ctx, *path ? path + 1 : "", *path ? strlen(path + 1) : 0);
    return ret->key && !*query ? 0 : bad(ret_why, "nothing may follow the nodes of cluster://");
}

/* ---- the forms with a scheme ---- */

static const struct form {
    const char *scheme;
    enum redis_way way;
    int port, most; /* how many hosts */
    int (*take)(void *ctx, const char *path, const char *query, struct redis_address *ret, const char **ret_why);
} forms[] = {
    { "redis://", REDIS_DIRECT, PORT, 1, take_nothing },
    { "unix://", REDIS_DIRECT, PORT, 0, take_path },
    { "sentinel://", REDIS_SENTINEL, SENTINEL_PORT, REDIS_PLACES_MAX, take_master },
    { "cluster://", REDIS_CLUSTER, PORT, REDIS_PLACES_MAX, take_key },
};

static int parse_form(void *ctx, const struct form *form, const char *text, struct redis_address *ret,
                      const char **ret_why)
{
    size_t length = strcspn(text, "/?"), path_length = strcspn(text + length, "?");
    char *authority = memory_check(talloc_strndup(ctx, text, length)), *at = strrchr(authority, '@');
    const char *path = memory_check(talloc_strndup(ctx, text + length, path_length));
    const char *hosts = at ? at + 1 : authority, *query = text + length + path_length;

    ret->way = form->way;
    if (at && parse_login(ctx, authority, (size_t)(at - authority), &ret->login, ret_why) < 0)
        return -EINVAL;
    if ((*hosts || form->most) && parse_places(ctx, hosts, form->port, ret, ret_why) < 0)
        return -EINVAL;
    if (form->most == 1 && ret->count > 1)
        return bad(ret_why, "redis:// names one host; several are sentinel:// or cluster://");
    return form->take(ctx, path, query, ret, ret_why);
}

int redis_address_parse(void *ctx, const char *text, struct redis_address *ret, const char **ret_why)
{
    struct redis_address address = { .key = "" };
    int r = 0;

    if (strstr(text, "://")) {
        const struct form *form = forms, *end = forms + ELEMENTS(forms);
        while (form < end && strncmp(text, form->scheme, strlen(form->scheme)) != 0)
            form++;
        r = form < end
                ? parse_form(ctx, form, text + strlen(form->scheme), &address, ret_why)
                : bad(ret_why, "the schemes are redis, unix, sentinel and cluster (TLS: a tunnel such as stunnel)");
    } else if (strchr(text, '/')) {
        address.places[0].path = COPY(ctx, text);
        address.count = 1;
    } else {
        r = parse_place(ctx, text, PORT, &address.places[0], ret_why);
        address.count = 1;
    }
    if (r == 0)
        *ret = address;
    return r;
}

void redis_place_print(const struct redis_place *place, char to[REDIS_PLACE_TEXT])
{
    if (place->path)
        snprintf(to, REDIS_PLACE_TEXT, "%s", place->path);
    else
        snprintf(to, REDIS_PLACE_TEXT, strchr(place->host, ':') ? "[%s]:%d" : "%s:%d", place->host, place->port);
}

int redis_address_check(const char *text, const char **ret_why)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct redis_address address;
    int r = redis_address_parse(ctx, text, &address, ret_why);

    return r == 0 && *address.key ? bad(ret_why, "nothing may follow the nodes of cluster://") : r;
}

/* ---- redis.queues ---- */

static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return text + strspn(text, " \t");
}

/* Fill a row from "QUEUE=ADDRESS". */
static int parse_queue(char *text, struct redis_queue *ret, const char **ret_why)
{
    char *equals = strchr(text, '=');

    if (!equals)
        return bad(ret_why, "a queue's Redis is written QUEUE=ADDRESS");
    *equals = '\0';
    *ret = (struct redis_queue){ .queue = trim(text), .address = trim(equals + 1) };
    if (!*ret->queue || ret->queue[strspn(ret->queue, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
        return bad(ret_why, "a queue's name has small letters, digits, _ and -");
    return redis_address_check(ret->address, ret_why);
}

int redis_queues_parse(void *ctx, const char *text, struct redis_queue **ret, const char **ret_why)
{
    struct redis_queue *rows = memory_check(talloc_zero_array(ctx, struct redis_queue, QUEUES_MAX + 1));
    char *list = COPY(rows, text), *one;
    size_t n = 0;

    while ((one = strsep(&list, ";"))) {
        one = trim(one);
        if (!*one)
            continue;
        if (n == QUEUES_MAX)
            return bad(ret_why, "too many queues");
        if (parse_queue(one, &rows[n], ret_why) < 0)
            return -EINVAL;
        for (size_t i = 0; i < n; i++)
            if (!strcmp(rows[i].queue, rows[n].queue))
                return bad(ret_why, "a queue is named twice");
        n++;
    }
    *ret = rows;
    return 0;
}
