/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the two transports share; for them only. */
#ifndef MILLRACE_TRANSPORT_PRIVATE_H
#define MILLRACE_TRANSPORT_PRIVATE_H
#include "fcgi/wire/transport.h"
#include <stdint.h>

/* What a transport's own record of a request starts with. */
struct client {
    void (*reply)(struct client *client, const struct outgoing *outgoing);
    void *handle; /* the server's */
};

enum { PARAMS_MAX = 64 * 1024, PIECE_SIZE = 64 * 1024 };

/* Read up to PIECE_SIZE bytes and move on behind them: how many; 0 at the end, also when the file has less than was
 * told or cannot be read. Closes the descriptor there. May block. */
size_t piece_read(struct piece *piece, char *bytes);

/* The status line and the headers as CGI wants them, with the empty line; the caller frees it. */
char *outgoing_head(const struct outgoing *outgoing, size_t *ret_length);

/* Turn FastCGI pairs into incoming->names and ->values, on incoming->ctx. -EPROTO when malformed, also for a NUL
 * inside. */
int incoming_params_read(struct incoming *incoming, const unsigned char *bytes, size_t n);
#endif
