/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the blocking client and the front's link to Redis have in common on the wire: scripts, errors. */
#ifndef MILLRACE_REDIS_WIRE_H
#define MILLRACE_REDIS_WIRE_H
#include "common/redis.h"

/* A script and the SHA by which the server knows it. */
struct loaded {
    const struct script *script;
    char sha[41]; /* "" until loaded on this connection */
};
/* One element for each script, and one more whose script is NULL. */
struct loaded *loaded_new(void *ctx, const struct script *const *scripts);
/* NULL when the script is not one of them or not loaded. */
const char *loaded_sha(const struct loaded *loaded, const struct script *script);
void loaded_forget(struct loaded *loaded);
/* Keep the SHA that SCRIPT LOAD answered with; -EPROTO for any other reply. */
int loaded_take(struct loaded *loaded, const redisReply *reply);

/* verb (EVALSHA, EVAL), text (the SHA, the script), the number of keys, then the words of command. The words' bytes
 * stay the command's. */
void command_eval(void *ctx, struct command *ret, const char *verb, const char *text, int keys,
                  const struct command *command);
bool reply_is_noscript(const redisReply *reply);
/* An error that says that this is not, or is no longer, the server to talk to: a replica, another node's slot. */
bool reply_is_elsewhere(const redisReply *reply);
#endif
