/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sealing: texts that lie encrypted in the database (a job's secret arguments), readable only with a key that is
 * configured, and only as what they were sealed for. XChaCha20-Poly1305 with a random nonce of 192 bits, so that one
 * key may seal any number of texts. A sealed text is ASCII:
 *   mrs1.KID.DATA   DATA: nonce and ciphertext in base64url without padding
 * and is bound to the bytes "mrs1.KID CONTEXT": under another context, or another key's name, it does not open.
 *
 * A ring holds the keys. The first seals, all open. The last are made from the master secrets (struct keys, seal), in
 * their order, each called "secret-" and its kid; they are there always, so that what they sealed can be opened once
 * others are configured. */
#ifndef MILLRACE_SEAL_H
#define MILLRACE_SEAL_H
#include "common/token.h"

struct seal_ring;
#define SEAL_SECRET "secret-"

/* configured: keys as KID:TEXT, separated by commas, blanks around them do not count; may be empty. A KID is 1..32 of
 * [A-Za-z0-9_-]; TEXT is 32 bytes or more without a comma, and the key is made of it as from a master secret: so a
 * former secret, under the name that its key had, opens what was sealed with it. The ring is on ctx and forgets its
 * keys when it is freed. -EINVAL with a sentence on ctx in *ret_why that gives nothing away of any TEXT. */
int seal_ring_new(void *ctx, const char *configured, const struct keys *keys, struct seal_ring **ret,
                  const char **ret_why);

/* Never fails. What is sealed grows by a third and some 90 bytes. On ctx. */
char *seal_text(void *ctx, const struct seal_ring *ring, const char *context, const char *text);

/* Whether it begins as sealed texts do: it may still be none. */
bool seal_is(const char *text);

/* -EINVAL: not a sealed text, or cut. -ENOKEY: its key is not in the ring. -EBADMSG: altered, or sealed for another
 * context. Then *ret_why is a sentence on ctx that names the key and nothing else. The text is on ctx. */
int seal_open(void *ctx, const struct seal_ring *ring, const char *context, const char *sealed, char **ret,
              const char **ret_why);
#endif
