/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which addresses of the network are anybody's: those that a URL from outside may lead us to. */
#ifndef MILLRACE_ADDRESS_H
#define MILLRACE_ADDRESS_H
#include <sys/socket.h>

enum { ADDRESS_TEXT_SIZE = 64 };

/* NULL for an address of the public network, else what it is ("loopback"): a word or two for a log. Refused is what the
 * registries of special addresses (RFC 6890) keep from the public network, multicast, and in IPv6 all that carries an
 * address of IPv4 in it (mapped, 6to4, NAT64, Teredo): such a one leads where the other does. Of other families than
 * IPv4 and IPv6 none is public. */
const char *address_special(const struct sockaddr *address);

/* "192.0.2.1:80", "[2001:db8::1]:80"; "?" for another family. */
void address_print(const struct sockaddr *address, char text[ADDRESS_TEXT_SIZE]);
#endif
