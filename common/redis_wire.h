/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the blocking client and the front's link to Redis have in common on the wire: functions, errors.
 *
 * Nobody loads a library when connecting: a call finds out whether it is there, and mostly it is. FUNCTION LOAD would
 * send all of its text each time, and a server that has no memory left refuses it even when it has the library. */
#ifndef MILLRACE_REDIS_WIRE_H
#define MILLRACE_REDIS_WIRE_H
#include "common/redis.h"

/* FCALL of the script; the first keys words of command are keys. The words' bytes stay the command's. */
void command_call(void *ctx, struct command *ret, const struct script *script, int keys, const struct command *command);
/* FUNCTION LOAD of a script's library. */
void command_load(void *ctx, struct command *ret, const struct library *library);
/* The server does not know the function that was called: its library has to be loaded. */
bool reply_is_unknown(const redisReply *reply);
/* Whether the answer to FUNCTION LOAD is that the library is there, now or already. */
bool reply_is_loaded(const redisReply *reply);
/* An error that says that this is not, or is no longer, the server to talk to: a replica, another node's slot. */
bool reply_is_elsewhere(const redisReply *reply);
#endif
