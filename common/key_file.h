/* SPDX-License-Identifier: GPL-3.0-or-later
 * The file that keys.file names: master secrets beside the configured one, so that what signs can be changed while what
 * was signed still holds. A line each, blanks between its words, # begins a comment: STATE KID MADE TEXT STATE: signs
 * (one of them), checks, or next (one at most: it checks until the others know it, then it signs). KID: eight hex
 * digits that the text itself gives. MADE: when. TEXT: 32 bytes or more without a blank, or the word `secret`: the
 * configured one. `millrace keys` writes it. */
#ifndef MILLRACE_KEY_FILE_H
#define MILLRACE_KEY_FILE_H
#include "common/token.h"

enum { KEYS_MAX = 16 };

enum key_state { KEY_SIGNS, KEY_CHECKS, KEY_NEXT, KEY_STATE_COUNT };
extern const char *const key_state_names[KEY_STATE_COUNT];

struct key_entry {
    enum key_state state;
    char kid[KID_SIZE];
    const char *made; /* "-": that is not known */
    const char *text; /* NULL: the configured secret */
};

/* What signs is always the first. */
struct key_list {
    struct key_entry entries[KEYS_MAX];
    size_t count;
};

/* Read path; "", and a file that is not there, stand for the secret alone. Texts are on ctx. -errno, with a sentence on
 * ctx in *ret_why that gives nothing away of any text: -EINVAL when it is not of the form; -EACCES also when others
 * than its owner and group may read it. */
int key_list_read(void *ctx, const char *secret, const char *path, struct key_list *ret, const char **ret_why);

/* Put the list where path is, at once and durably, with mode 0640 and the owner and group of what was there, else those
 * of the file `like` (NULL: none). -errno; then what was there is as it was. */
int key_list_write(const char *path, const char *like, const struct key_list *list);

/* A new key. made: now. The text is on ctx. */
struct key_entry key_entry_make(void *ctx, enum key_state state);

/* The keys of path, the one that signs first, on ctx; they are forgotten when that is freed. As key_list_read();
 * -EINVAL also when the secret is too short. */
int keys_load(void *ctx, const char *secret, const char *path, const struct keys **ret, const char **ret_why);
#endif
