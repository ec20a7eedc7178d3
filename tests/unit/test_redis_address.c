/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/config.h"
#include "common/memory.h"
#include "common/redis_address.h"
#include "queue/queue_redis.h"
#include "tests/unit/suite.h"
#include <errno.h>

/* WAY USER PASSWORD MASTER SENTINEL-USER SENTINEL-PASSWORD KEY: PLACES */
static const struct {
    const char *text, *means;
} good[] = {
    { "/run/redis.sock", "direct - - - - - : /run/redis.sock" },
    { "run/redis.sock", "direct - - - - - : run/redis.sock" },
    { "localhost", "direct - - - - - : localhost:6379" },
    { "10.0.0.7:1", "direct - - - - - : 10.0.0.7:1" },
    { "redis_1.example.org:65535", "direct - - - - - : redis_1.example.org:65535" },
    { "[::1]", "direct - - - - - : [::1]:6379" },
    { "[fe80::1%eth0]:7000", "direct - - - - - : [fe80::1%eth0]:7000" },
    { "redis://h", "direct - - - - - : h:6379" },
    { "redis://h/", "direct - - - - - : h:6379" },
    { "redis://h:7/0", "direct - - - - - : h:7" },
    { "redis://:pw@h", "direct - pw - - - : h:6379" },
    { "redis://me:p%40s%2Fs%3a%25@[::1]:7", "direct me p@s/s:% - - - : [::1]:7" },
    { "redis://me:with@sign:and:colons@h:7", "direct me with@sign:and:colons - - - : h:7" },
    { "redis://m%C3%BC:p@h", "direct m\xc3\xbc p - - - : h:6379" },
    { "unix:///run/redis.sock", "direct - - - - - : /run/redis.sock" },
    { "unix://me:pw@/run/my%20redis", "direct me pw - - - : /run/my redis" },
    { "sentinel://a/main", "sentinel - - main - - : a:26379" },
    { "sentinel://me:pw@a:1,[::2]:3,c/ma%2Fin", "sentinel me pw ma/in - - : a:1 [::2]:3 c:26379" },
    { "sentinel://a/main?sentinel=:x%3F", "sentinel - - main - x? : a:26379" },
    { "sentinel://:p@a/main?sentinel=s:x", "sentinel - p main s x : a:26379" },
    { "cluster://a:1", "cluster - - - - - : a:1" },
    { "cluster://me:pw@a,b:2/mr1:{q:image}:", "cluster me pw - - - mr1:{q:image}:: a:6379 b:2" },
};

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

static const char *describe(void *ctx, const struct redis_address *address)
{
    static const char *const ways[] = {
        [REDIS_DIRECT] = "direct", [REDIS_SENTINEL] = "sentinel", [REDIS_CLUSTER] = "cluster"
    };
    char *text = FORMAT(ctx, "%s %s %s %s %s %s %s:", ways[address->way], or_none(address->login.user),
                        or_none(address->login.password), or_none(address->master),
                        or_none(address->sentinel_login.user), or_none(address->sentinel_login.password), address->key);

    for (size_t i = 0; i < address->count; i++) {
        char place[REDIS_PLACE_TEXT];
        redis_place_print(&address->places[i], place);
        text = memory_check(talloc_asprintf_append(text, " %s", place));
    }
    return text;
}

START_TEST(good_addresses)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct redis_address address;
    const char *why = "";

    ck_assert_msg(redis_address_parse(ctx, good[_i].text, &address, &why) == 0, "%s: %s", good[_i].text, why);
    ck_assert_str_eq(describe(ctx, &address), good[_i].means);
}
END_TEST

#define HOST_SIGN "a host has a sign that no host has; a login is written redis://USER:PASSWORD@HOST:PORT"
#define PORT_RANGE "a port is a number from 1 to 65535"
#define LOGIN "a login is USER:PASSWORD or :PASSWORD"
#define PERCENT "a login has a % that no two hexadecimal digits follow, or %00"
#define BRACKETS "an IPv6 address stands in brackets: [::1]:6379"
#define BEHIND "nothing may follow the port: there are no database numbers and no options"
#define SOCKET "unix:// needs the whole path of a socket, and nothing else"
static const struct {
    const char *text, *why;
} wrong[] = {
    { "", "a host is missing" },
    { ":6379", "a host is missing" },
    { "host:", PORT_RANGE },
    { "host:0", PORT_RANGE },
    { "host:65536", PORT_RANGE },
    { "host:99999999999999999999", PORT_RANGE },
    { "host:-1", PORT_RANGE },
    { "host:6379x", PORT_RANGE },
    { "host: 6379", PORT_RANGE },
    { "::1", BRACKETS },
    { "::1:6379", BRACKETS },
    { "[::1", "an IPv6 address stands in brackets, and a port behind them" },
    { "[::1]6379", "an IPv6 address stands in brackets, and a port behind them" },
    { "[]:6379", "a host is missing" },
    { "two words:1", HOST_SIGN },
    { "hidden@host", HOST_SIGN },
    { "me:hidden@host:1", BRACKETS },
    { "a:1,b:2", BRACKETS },
    { "a,b", HOST_SIGN },
    { "rediss://h", "the schemes are redis, unix, sentinel and cluster (TLS: a tunnel such as stunnel)" },
    { "REDIS://h", "the schemes are redis, unix, sentinel and cluster (TLS: a tunnel such as stunnel)" },
    { "redis://", "a host is missing" },
    { "redis://:@h", LOGIN },
    { "redis://hidden@h", LOGIN },
    { "redis://me:@h", LOGIN },
    { "redis://@h", LOGIN },
    { "redis://me:hid%xden@h", PERCENT },
    { "redis://me:hidden%@h", PERCENT },
    { "redis://me:hidden%4@h", PERCENT },
    { "redis://me:hidden%00@h", PERCENT },
    { "redis://me:hid/den@h", PORT_RANGE },
    { "redis://h/1", BEHIND },
    { "redis://h?db=1", BEHIND },
    { "redis://a,b", "redis:// names one host; several are sentinel:// or cluster://" },
    { "unix://", SOCKET },
    { "unix:///", SOCKET },
    { "unix://host/path", SOCKET },
    { "unix:///path?db=1", SOCKET },
    { "unix:///%zz", "the path has a % that no two hexadecimal digits follow, or %00" },
    { "sentinel://a", "sentinel:// needs the master's name behind a slash" },
    { "sentinel://a/", "sentinel:// needs the master's name behind a slash" },
    { "sentinel:///main", "a host is missing" },
    { "sentinel://a,,b/main", "a host is missing" },
    { "sentinel://a/main?password=hidden", "the only option is ?sentinel=USER:PASSWORD" },
    { "sentinel://a/main?sentinel=hidden", LOGIN },
    { "sentinel://1,2,3,4,5,6,7,8,9/main", "at most 8 hosts can be named" },
    { "cluster://", "a host is missing" },
    { "cluster://a?x", "nothing may follow the nodes of cluster://" },
};

START_TEST(wrong_addresses_are_refused_without_telling_secrets)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct redis_address address;
    const char *why = "";

    ck_assert_msg(redis_address_parse(ctx, wrong[_i].text, &address, &why) == -EINVAL, "%s", wrong[_i].text);
    ck_assert_str_eq(why, wrong[_i].why);
    ck_assert_int_eq(redis_address_check(wrong[_i].text, &why), -EINVAL);
}
END_TEST

START_TEST(an_operator_names_no_slot)
{
    const char *why = "";

    ck_assert_int_eq(redis_address_check("cluster://a:1/", &why), 0);
    ck_assert_int_eq(redis_address_check("cluster://a:1/{q:image}", &why), -EINVAL);
    ck_assert_str_eq(why, "nothing may follow the nodes of cluster://");
}
END_TEST

/* ---- redis.queues ---- */

static const struct {
    const char *text, *why;
} wrong_queues[] = {
    { "image", "a queue's Redis is written QUEUE=ADDRESS" },
    { "image=a:1; mail", "a queue's Redis is written QUEUE=ADDRESS" },
    { "image=", "a host is missing" },
    { "=a:1", "a queue's name has small letters, digits, _ and -" },
    { "Image=a:1", "a queue's name has small letters, digits, _ and -" },
    { "image=a:1; mail=redis://hidden@a", LOGIN },
    { "image=a:1; mail=b; image=c", "a queue is named twice" },
    { "image=cluster://a/x", "nothing may follow the nodes of cluster://" },
};

START_TEST(wrong_queues_are_refused)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct redis_queue *rows;
    const char *why = "";

    ck_assert_int_eq(redis_queues_parse(ctx, wrong_queues[_i].text, &rows, &why), -EINVAL);
    ck_assert_str_eq(why, wrong_queues[_i].why);
}
END_TEST

static const struct {
    const char *queue, *address;
} places[] = {
    { "image", "redis://me:a%3Bb=c@h:7" },
    { "mail", "sentinel://a,b/main" },
    { "sms", "cluster://a:1,b:2/mr1:{q:sms}:" },
    { "hook", "cluster://a/mr1:{q:hook}:" },
    { "none", "/standard" },
};

START_TEST(a_queue_has_its_own_address_or_that_of_all)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct config config = { .redis_url = "/standard",
                                   .redis_queues = "image=redis://me:a%3Bb=c@h:7;mail = sentinel://a,b/main ; ;"
                                                   "sms=cluster://a:1,b:2;\thook=cluster://a/;" };

    ck_assert_str_eq(queue_redis_address(ctx, &config, places[_i].queue), places[_i].address);
}
END_TEST

START_TEST(queues_of_one_address_share_a_connection_unless_their_slots_differ)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct config config = { .redis_url = "/standard",
                                   .redis_queues = "a=h:1; b=h:1; c=cluster://h; d=cluster://h" };
    struct queue_redis *queues = queue_redis_new(ctx, &config);

    ck_assert_ptr_eq(queue_redis_get(queues, "a"), queue_redis_get(queues, "b"));
    ck_assert_ptr_eq(queue_redis_get(queues, "e"), queue_redis_get(queues, "f"));
    ck_assert_ptr_ne(queue_redis_get(queues, "a"), queue_redis_get(queues, "e"));
    ck_assert_ptr_ne(queue_redis_get(queues, "c"), queue_redis_get(queues, "d"));
    ck_assert_ptr_eq(queue_redis_get(queues, "c"), queue_redis_get(queues, "c"));
}
END_TEST

SUITE(redis_address)
{
    tcase_add_loop_test(tests, good_addresses, 0, ELEMENTS(good));
    tcase_add_loop_test(tests, wrong_addresses_are_refused_without_telling_secrets, 0, ELEMENTS(wrong));
    tcase_add_test(tests, an_operator_names_no_slot);
    tcase_add_loop_test(tests, wrong_queues_are_refused, 0, ELEMENTS(wrong_queues));
    tcase_add_loop_test(tests, a_queue_has_its_own_address_or_that_of_all, 0, ELEMENTS(places));
    tcase_add_test(tests, queues_of_one_address_share_a_connection_unless_their_slots_differ);
}
