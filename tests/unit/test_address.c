/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/address.h"
#include "common/memory.h"
#include "tests/unit/suite.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage at = { 0 };
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)&at;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&at;

    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        at.ss_family = AF_INET;
        four->sin_port = htons(443);
        return at;
    }
    ck_assert_msg(inet_pton(AF_INET6, text, &six->sin6_addr) == 1, "%s is no address", text);
    at.ss_family = AF_INET6;
    six->sin6_port = htons(443);
    return at;
}

/* The first and the last address of each range, and those beside it: what is refused and what is not. */
static const struct {
    const char *address, *special;
} table[] = {
    { "0.0.0.0", "this network" },
    { "0.255.255.255", "this network" },
    { "1.0.0.0", NULL },
    { "9.255.255.255", NULL },
    { "10.0.0.0", "private" },
    { "10.255.255.255", "private" },
    { "11.0.0.0", NULL },
    { "100.63.255.255", NULL },
    { "100.64.0.0", "shared by a carrier" },
    { "100.127.255.255", "shared by a carrier" },
    { "100.128.0.0", NULL },
    { "126.255.255.255", NULL },
    { "127.0.0.0", "loopback" },
    { "127.0.0.1", "loopback" },
    { "127.255.255.255", "loopback" },
    { "128.0.0.0", NULL },
    { "169.253.255.255", NULL },
    { "169.254.0.0", "link-local" },
    { "169.254.169.254", "link-local" },
    { "169.254.255.255", "link-local" },
    { "169.255.0.0", NULL },
    { "172.15.255.255", NULL },
    { "172.16.0.0", "private" },
    { "172.31.255.255", "private" },
    { "172.32.0.0", NULL },
    { "191.255.255.255", NULL },
    { "192.0.0.0", "for protocols" },
    { "192.0.0.255", "for protocols" },
    { "192.0.1.0", NULL },
    { "192.0.2.0", "for documents" },
    { "192.0.2.255", "for documents" },
    { "192.0.3.0", NULL },
    { "192.88.98.255", NULL },
    { "192.88.99.0", "a relay to 6to4" },
    { "192.88.99.255", "a relay to 6to4" },
    { "192.88.100.0", NULL },
    { "192.167.255.255", NULL },
    { "192.168.0.0", "private" },
    { "192.168.255.255", "private" },
    { "192.169.0.0", NULL },
    { "198.17.255.255", NULL },
    { "198.18.0.0", "for measurements" },
    { "198.19.255.255", "for measurements" },
    { "198.20.0.0", NULL },
    { "198.51.99.255", NULL },
    { "198.51.100.0", "for documents" },
    { "198.51.100.255", "for documents" },
    { "198.51.101.0", NULL },
    { "203.0.112.255", NULL },
    { "203.0.113.0", "for documents" },
    { "203.0.113.255", "for documents" },
    { "203.0.114.0", NULL },
    { "223.255.255.255", NULL },
    { "224.0.0.0", "multicast" },
    { "239.255.255.255", "multicast" },
    { "240.0.0.0", "reserved" },
    { "255.255.255.255", "reserved" },
    { "8.8.8.8", NULL },

    { "::", "reserved" },
    { "::1", "loopback" },
    { "::2", "reserved" },
    { "::127.0.0.1", "reserved" },
    { "::fffe:ffff:ffff", "reserved" },
    { "::ffff:0.0.0.0", "an address of IPv4" },
    { "::ffff:127.0.0.1", "an address of IPv4" },
    { "::ffff:10.0.0.1", "an address of IPv4" },
    { "::ffff:8.8.8.8", "an address of IPv4" },
    { "::ffff:255.255.255.255", "an address of IPv4" },
    { "::1:0:0:0", "reserved" },
    { "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", "reserved" },
    { "64:ff9b::127.0.0.1", "behind NAT64" },
    { "64:ff9b::8.8.8.8", "behind NAT64" },
    { "64:ff9b:1::1", "behind NAT64" },
    { "64:ff9b:ffff:ffff:ffff:ffff:ffff:ffff", "behind NAT64" },
    { "64:ff9c::", "reserved" },
    { "100::1", "reserved" },
    { "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved" },
    { "2000::", NULL },
    { "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { "2001::", "for protocols" },
    { "2001:0:7f00:1::", "for protocols" },
    { "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "for protocols" },
    { "2001:200::", NULL },
    { "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { "2001:db8::", "for documents" },
    { "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "for documents" },
    { "2001:db9::", NULL },
    { "2001:4860:4860::8888", NULL },
    { "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { "2002::", "of 6to4" },
    { "2002:7f00:1::", "of 6to4" },
    { "2002:808:808::1", "of 6to4" },
    { "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "of 6to4" },
    { "2003::", NULL },
    { "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { "3fff::", "for documents" },
    { "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "for documents" },
    { "3fff:1000::", NULL },
    { "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    { "4000::", "reserved" },
    { "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved" },
    { "fc00::", "private" },
    { "fd00::1", "private" },
    { "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private" },
    { "fe00::", "reserved" },
    { "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved" },
    { "fe80::1", "link-local" },
    { "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local" },
    { "fec0::", "reserved" },
    { "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved" },
    { "ff00::", "multicast" },
    { "ff02::1", "multicast" },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast" },
};

START_TEST(what_is_not_anybodys_is_told)
{
    struct sockaddr_storage at = address_of(table[_i].address);
    const char *special = address_special((const struct sockaddr *)&at);

    ck_assert_msg(!special == !table[_i].special, "%s: %s", table[_i].address, special ? special : "public");
    if (special)
        ck_assert_str_eq(special, table[_i].special);
}
END_TEST

START_TEST(another_family_is_not_of_the_internet)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/run/secret" };

    ck_assert_str_eq(address_special((const struct sockaddr *)&at), "not of the internet");
}
END_TEST

START_TEST(addresses_are_written_with_their_port)
{
    struct sockaddr_storage four = address_of("192.0.2.1"), six = address_of("2001:db8::1");
    char text[ADDRESS_TEXT_SIZE];

    address_print((const struct sockaddr *)&four, text);
    ck_assert_str_eq(text, "192.0.2.1:443");
    address_print((const struct sockaddr *)&six, text);
    ck_assert_str_eq(text, "[2001:db8::1]:443");
    address_print((const struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, text);
    ck_assert_str_eq(text, "?");
}
END_TEST

SUITE(address)
{
    tcase_add_loop_test(tests, what_is_not_anybodys_is_told, 0, ELEMENTS(table));
    tcase_add_test(tests, another_family_is_not_of_the_internet);
    tcase_add_test(tests, addresses_are_written_with_their_port);
}
