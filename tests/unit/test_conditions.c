/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/input/conditions.h"
#include "tests/unit/suite.h"

#define TAG "W/\"a1\""

static const struct {
    const char *list;
    bool listed;
} lists[] = {
    { "", false },
    { " ", false },
    { "*", true },
    { " * ", true },
    { "**", false },
    { "*, \"a1\"", false },
    { "W/\"a1\"", true },
    { "\"a1\"", true },
    { " \t\"a1\" ", true },
    { "\"b\", W/\"a1\"", true },
    { "\"b\",\"a1\"", true },
    { ",, \"b\" ,, \"a1\" ,", true },
    { "W/\"b\"", false },
    { "\"a\"", false },
    { "\"a11\"", false },
    { "\"\"", false },
    { "a1", false },
    { "w/\"a1\"", false },
    { "W/a1", false },
    { "\"a1", false },
    { "\"b\" \"a1\"", false },
    { "b, \"a1\"", false },
    { "\"b, \"a1\"", false },
    { "\"b c\", \"a1\"", false },
    { "\"b\x7f\", \"a1\"", false },
    { "\"x,y\", \"a1\"", true },
    { "W/W/\"a1\"", false },
};

START_TEST(tags_are_looked_for_in_a_list)
{
    ck_assert_msg(tag_is_listed(lists[_i].list, TAG) == lists[_i].listed, "%s", lists[_i].list);
    ck_assert_msg(tag_is_listed(lists[_i].list, "\"a1\"") == lists[_i].listed, "strong: %s", lists[_i].list);
}
END_TEST

static const struct {
    const char *header;
    int wait;
    bool respond_async;
} headers[] = {
    { "", -1, false },
    { "wait=5", 5, false },
    { "WAIT=5", 5, false },
    { " wait = 5 ", 5, false },
    { "wait=\"5\"", 5, false },
    { "wait=0", 0, false },
    { "wait=99999999999999999999999", 1000000, false },
    { "respond-async", -1, true },
    { "Respond-Async, wait=10", 10, true },
    { "wait=10;respond-async", 10, false },
    { "wait=10; x=1 ;; y=\"a, wait=3\";", 10, false },
    { "foo, wait=7", 7, false },
    { "foo=bar; baz, wait=7", 7, false },
    { "foo=\"a\\\"b, wait=3\", wait=7", 7, false },
    { "wait=5, wait=9", 5, false },
    { "return=minimal,,wait=4", 4, false },
    { ",", -1, false },
    { "wait", -1, false },
    { "wait, wait=9", -1, false },
    { "wait=", -1, false },
    { "wait=\"\"", -1, false },
    { "wait=x", -1, false },
    { "wait=x, wait=9", -1, false },
    { "wait=-1", -1, false },
    { "wait=+1", -1, false },
    { "wait=1.5", -1, false },
    { "wait=5s", -1, false },
    { "wait=\"5", -1, false },
    { "wait=\"5\\", -1, false },
    { "wait==5", -1, false },
    { "wait=5 6", -1, false },
    { "wait 5", -1, false },
    { "=5", -1, false },
    { "=5, wait=6", 6, false },
    { "(), wait=6", 6, false },
    { "a=\"b, wait=6", -1, false },
    { "wait=5; =", -1, false },
    { "wait=5; \"", -1, false },
    { "respond-async=1", -1, false },
    { "respond-asyncs", -1, false },
    { "x;wait=5", -1, false },
    { "wait=5\x01", -1, false },
};

START_TEST(preferences_are_read)
{
    struct preferences read = preferences_read(headers[_i].header);

    ck_assert_msg(read.wait == headers[_i].wait, "%s: %d", headers[_i].header, read.wait);
    ck_assert_msg(read.respond_async == headers[_i].respond_async, "%s", headers[_i].header);
}
END_TEST

SUITE(conditions)
{
    tcase_add_loop_test(tests, tags_are_looked_for_in_a_list, 0, (int)(sizeof lists / sizeof *lists));
    tcase_add_loop_test(tests, preferences_are_read, 0, (int)(sizeof headers / sizeof *headers));
}
