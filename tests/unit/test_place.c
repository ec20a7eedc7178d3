/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/steps/place.h"
#include "tests/unit/suite.h"

static const struct {
    const char *address, *place;
} cases[] = {
    { "192.0.2.7", "192.0.2.7" },
    { "::ffff:192.0.2.7", "192.0.2.7" },
    { "::FFFF:c000:0207", "192.0.2.7" },
    { "0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7" },
    { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
    { "2001:DB8:1:2::9", "2001:db8:1:2::" },
    { "2001:db8:1:2::", "2001:db8:1:2::" },
    { "2001:db8:1:3::9", "2001:db8:1:3::" },
    { "2001:db8::192.0.2.7", "2001:db8::" },
    { "::1", "::" },
    { "", "" },
    { "unix:", "unix:" },
    { "1:2", "1:2" },
    { "::ffff:192.0.2.700", "::ffff:192.0.2.700" },
};

START_TEST(it_is_the_network)
{
    autotalloc void *ctx = talloc_new(NULL);

    ck_assert_str_eq(place_of(ctx, cases[_i].address), cases[_i].place);
}
END_TEST

SUITE(place)
{
    tcase_add_loop_test(tests, it_is_the_network, 0, ELEMENTS(cases));
}
