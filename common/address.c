/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/address.h"
#include "common/memory.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The first bits of addresses, and what those are. */
struct range {
    unsigned char start[16];
    int bits;
    const char *what;
};

/* clang-format off */
static const struct range of_ipv4[] = {
    { { 0 },             8, "this network" },
    { { 10 },            8, "private" },
    { { 100, 64 },      10, "shared by a carrier" },
    { { 127 },           8, "loopback" },
    { { 169, 254 },     16, "link-local" },
    { { 172, 16 },      12, "private" },
    { { 192, 0, 0 },    24, "for protocols" },
    { { 192, 0, 2 },    24, "for documents" },
    { { 192, 88, 99 },  24, "a relay to 6to4" },
    { { 192, 168 },     16, "private" },
    { { 198, 18 },      15, "for measurements" },
    { { 198, 51, 100 }, 24, "for documents" },
    { { 203, 0, 113 },  24, "for documents" },
    { { 224 },           4, "multicast" },
    { { 240 },           4, "reserved" },
};

/* Of IPv6 only 2000::/3 is given to anybody; the first rows are there for their names. */
static const struct range of_ipv6[] = {
    { { [15] = 1 },                                  128, "loopback" },
    { { [10] = 0xff, [11] = 0xff },                   96, "an address of IPv4" },
    { { 0x00, 0x64, 0xff, 0x9b },                     32, "behind NAT64" },
    { { 0xfc },                                        7, "private" },
    { { 0xfe, 0x80 },                                 10, "link-local" },
    { { 0xff },                                        8, "multicast" },
    { { 0x20, 0x01, 0x00 },                           23, "for protocols" },
    { { 0x20, 0x01, 0x0d, 0xb8 },                     32, "for documents" },
    { { 0x20, 0x02 },                                 16, "of 6to4" },
    { { 0x3f, 0xff },                                 20, "for documents" },
};
static const struct range public_ipv6 = { { 0x20 }, 3, NULL };
/* clang-format on */

static bool range_has(const struct range *range, const unsigned char *address)
{
    int bytes = range->bits / 8, rest = range->bits % 8;

    if (memcmp(range->start, address, (size_t)bytes) != 0)
        return false;
    return rest == 0 || (range->start[bytes] ^ address[bytes]) >> (8 - rest) == 0;
}

static const char *special_of(const struct range *ranges, size_t n, const unsigned char *address)
{
    for (size_t i = 0; i < n; i++)
        if (range_has(&ranges[i], address))
            return ranges[i].what;
    return NULL;
}

const char *address_special(const struct sockaddr *address)
{
    const unsigned char *bytes;
    const char *what;

    if (address->sa_family == AF_INET) {
        bytes = (const unsigned char *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
        return special_of(of_ipv4, ELEMENTS(of_ipv4), bytes);
    }
    if (address->sa_family != AF_INET6)
        return "not of the internet";
    bytes = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;
    what = special_of(of_ipv6, ELEMENTS(of_ipv6), bytes);
    return what || range_has(&public_ipv6, bytes) ? what : "reserved";
}

void address_print(const struct sockaddr *address, char text[ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN];

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(text, ADDRESS_TEXT_SIZE, "%s:%d", host, ntohs(in->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)address;
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        snprintf(text, ADDRESS_TEXT_SIZE, "[%s]:%d", host, ntohs(in->sin6_port));
    } else {
        snprintf(text, ADDRESS_TEXT_SIZE, "?");
    }
}
