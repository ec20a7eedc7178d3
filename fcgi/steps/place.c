/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/steps/place.h"
#include "common/memory.h"
#include <arpa/inet.h>
#include <string.h>

enum { NETWORK = 8, MAPPED = 12 }; /* bytes in front: of a network, and of the IPv4 address in a mapped one */

char *place_of(void *ctx, const char *address)
{
    struct in6_addr in6;
    char place[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET6, address, &in6) != 1)
        return COPY(ctx, address);
    if (IN6_IS_ADDR_V4MAPPED(&in6)) {
        inet_ntop(AF_INET, in6.s6_addr + MAPPED, place, sizeof place);
    } else {
        memset(in6.s6_addr + NETWORK, 0, sizeof in6.s6_addr - NETWORK);
        inet_ntop(AF_INET6, &in6, place, sizeof place);
    }
    return COPY(ctx, place);
}
