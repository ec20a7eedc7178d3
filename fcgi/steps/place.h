/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MILLRACE_FCGI_PLACE_H
#define MILLRACE_FCGI_PLACE_H

/* What is counted of a client's address: the address; of IPv6 its network of 64 bits (2001:db8:1:2::), within which a
 * machine chooses an address as it likes (RFC 4291, 2.5.1); of an IPv4-mapped one that of IPv4. What is no address is
 * its own place. Always on ctx. */
char *place_of(void *ctx, const char *address);
#endif
