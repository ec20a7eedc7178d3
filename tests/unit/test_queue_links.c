/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/queue_links.h"
#include "tests/unit/suite.h"
#include <errno.h>

START_TEST(each_address_has_one_link)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct config config = { .redis_url = "/nowhere/a", .redis_queues = "mail=/nowhere/b", .redis_timeout = 100 };
    struct queue_links *links;
    struct loop *loop;

    ck_assert_int_eq(loop_new(ctx, &loop), 0);
    ck_assert_int_eq(queue_links_new(ctx, loop, &config, &links), 0);
    ck_assert_ptr_eq(queue_links_get(links, "image"), queue_links_get(links, "of a later release"));
    ck_assert_ptr_ne(queue_links_get(links, "image"), queue_links_get(links, "mail"));
    ck_assert_ptr_eq(queue_links_get(links, "mail"), queue_links_get(links, "mail"));
    ck_assert(!redis_link_up(queue_links_get(links, "mail")));
    talloc_free(links);
}
END_TEST

START_TEST(what_is_no_address_has_no_link)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct config config = { .redis_url = "redis://x@y", .redis_queues = "", .redis_timeout = 100 };
    struct queue_links *links;
    struct loop *loop;

    ck_assert_int_eq(loop_new(ctx, &loop), 0);
    ck_assert_int_eq(queue_links_new(ctx, loop, &config, &links), -EINVAL);
}
END_TEST

SUITE(queue_links)
{
    tcase_add_test(tests, each_address_has_one_link);
    tcase_add_test(tests, what_is_no_address_has_no_link);
}
