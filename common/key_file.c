/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/key_file.h"
#include "common/memory.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MADE_SIZE = sizeof "2026-11-22T15:30:00Z", TEXT_BYTES = 32, MODE = 0640 };

const char *const key_state_names[KEY_STATE_COUNT] = {
    [KEY_SIGNS] = "signs", [KEY_CHECKS] = "checks", [KEY_NEXT] = "next"
};
static const char the_secret[] = "secret";

/* ---- reading ---- */

static int state_of(const char *word)
{
    for (int state = 0; state < KEY_STATE_COUNT; state++)
        if (word && !strcmp(key_state_names[state], word))
            return state;
    return -1;
}

static const struct key_entry *list_find(const struct key_list *list, const char *kid)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->entries[i].kid, kid))
            return &list->entries[i];
    return NULL;
}

/* One line; NULL when it holds, else what is wrong with it. */
static const char *line_take(void *ctx, const char *secret, struct key_list *list, char *line)
{
    struct key_entry *entry = &list->entries[list->count];
    char *words[4] = { NULL }, *rest = line, *word;
    struct keys keys;
    int n = 0, state;

    while ((word = strsep(&rest, " \t\r\n")) && n < 4)
        if (*word)
            words[n++] = word;
    if (n == 0 || *words[0] == '#')
        return NULL;
    state = state_of(words[0]);
    if (state < 0 || n < 4)
        return "is not of the form: signs|checks|next KID MADE TEXT";
    if (list->count == KEYS_MAX)
        return "is one key too many (16)";
    *entry = (struct key_entry){ .state = (enum key_state)state, .made = COPY(ctx, words[2]) };
    entry->text = strcmp(words[3], the_secret) ? COPY(ctx, words[3]) : NULL;
    if (keys_derive(entry->text ? entry->text : secret, &keys) < 0)
        return "has a text of less than 32 bytes";
    snprintf(entry->kid, sizeof entry->kid, "%s", keys.kid);
    sodium_memzero(&keys, sizeof keys);
    if (strcmp(entry->kid, words[1]) != 0)
        return entry->text ? "has a text that is not that of its KID" : "names another secret than the configured one";
    if (list_find(list, entry->kid))
        return "is there twice";
    list->count++;
    return NULL;
}

/* What signs to the front. NULL, or what is wrong. */
static const char *list_order(struct key_list *list)
{
    int counts[KEY_STATE_COUNT] = { 0 };

    for (size_t i = 0; i < list->count; i++)
        counts[list->entries[i].state]++;
    if (counts[KEY_SIGNS] != 1 || counts[KEY_NEXT] > 1)
        return "one key has to sign, and one at most may be next";
    for (size_t i = 0; i < list->count; i++)
        if (list->entries[i].state == KEY_SIGNS) {
            struct key_entry signs = list->entries[i];

            memmove(list->entries + 1, list->entries, i * sizeof signs);
            list->entries[0] = signs;
        }
    return NULL;
}

static int read_lines(void *ctx, const char *secret, const char *path, FILE *from, struct key_list *list,
                      const char **ret_why)
{
    const char *why = NULL;
    char line[1024];
    int number = 0;

    while (!why && fgets(line, sizeof line, from)) {
        number++;
        why = strchr(line, '\n') ? line_take(ctx, secret, list, line) : "is too long, or has no end";
    }
    sodium_memzero(line, sizeof line);
    if (why)
        *ret_why = FORMAT(ctx, "%s:%d: the key %s", path, number, why);
    else if ((why = list_order(list)))
        *ret_why = FORMAT(ctx, "%s: %s", path, why);
    return why ? -EINVAL : 0;
}

/* Only the secret. */
static int secret_alone(const char *secret, struct key_list *ret)
{
    struct key_list list = { .count = 1, .entries = { { .state = KEY_SIGNS, .made = "-" } } };
    struct keys keys;
    int r = keys_derive(secret, &keys);

    if (r < 0)
        return r;
    memcpy(list.entries[0].kid, keys.kid, sizeof keys.kid);
    sodium_memzero(&keys, sizeof keys);
    *ret = list;
    return 0;
}

int key_list_read(void *ctx, const char *secret, const char *path, struct key_list *ret, const char **ret_why)
{
    struct key_list list = { .count = 0 };
    FILE *from = *path ? fopen(path, "re") : NULL;
    struct stat is;
    int r = *path && !from ? -errno : 0;

    if (!from && (r == 0 || r == -ENOENT)) {
        r = secret_alone(secret, ret);
        *ret_why = "the secret has less than 32 bytes";
        return r;
    }
    if (from && (fstat(fileno(from), &is) < 0 || is.st_mode & S_IRWXO))
        r = -EACCES;
    if (r < 0)
        *ret_why = FORMAT(ctx, "%s: %s", path, from ? "others than its owner and group may read it" : strerror(-r));
    else
        r = read_lines(ctx, secret, path, from, &list, ret_why);
    if (from)
        fclose(from);
    if (r == 0)
        *ret = list;
    return r;
}

/* ---- writing ---- */

static int list_print(int fd, const struct key_list *list)
{
    FILE *to = fdopen(fd, "w");
    int r = 0;

    if (!to) {
        r = -errno;
        close(fd);
        return r;
    }
    fputs("# Keys of Millrace, written by `millrace keys`. Keep it as secret as the configuration.\n", to);
    for (size_t i = 0; i < list->count; i++)
        fprintf(to, "%-6s %s %s %s\n", key_state_names[list->entries[i].state], list->entries[i].kid,
                list->entries[i].made, list->entries[i].text ? list->entries[i].text : the_secret);
    if (fflush(to) == EOF || fsync(fileno(to)) < 0)
        r = -errno;
    if (fclose(to) == EOF && r == 0)
        r = -errno;
    return r;
}

static int sync_folder(const char *path)
{
    autofree char *copy = memory_check(strdup(path));
    autoclose int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int key_list_write(const char *path, const char *like, const struct key_list *list)
{
    autotalloc char *draft = FORMAT(NULL, "%s.XXXXXX", path);
    struct stat owner;
    bool owned = stat(path, &owner) == 0 || (like && stat(like, &owner) == 0);
    int fd = mkostemp(draft, O_CLOEXEC), r = 0;

    if (fd < 0)
        return -errno;
    /* Whoever may not give a file away writes one of his own. */
    if (owned && geteuid() == 0 && fchown(fd, owner.st_uid, owner.st_gid) < 0)
        r = -errno;
    if (r == 0 && fchmod(fd, MODE) < 0)
        r = -errno;
    if (r < 0)
        close(fd);
    else
        r = list_print(fd, list);
    if (r == 0 && rename(draft, path) < 0)
        r = -errno;
    if (r < 0)
        unlink(draft);
    return r < 0 ? r : sync_folder(path);
}

struct key_entry key_entry_make(void *ctx, enum key_state state)
{
    struct key_entry entry = { .state = state };
    unsigned char bytes[TEXT_BYTES];
    char *text = memory_check(talloc_size(ctx, 2 * TEXT_BYTES + 1)), *made = memory_check(talloc_size(ctx, MADE_SIZE));
    time_t now = time(NULL);
    struct keys keys;
    struct tm tm;
    int r;

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(text, 2 * TEXT_BYTES + 1, bytes, sizeof bytes);
    r = keys_derive(text, &keys);
    assert(r == 0); /* libsodium runs: the list has been read */
    strftime(made, MADE_SIZE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    memcpy(entry.kid, keys.kid, sizeof entry.kid);
    sodium_memzero(&keys, sizeof keys);
    sodium_memzero(bytes, sizeof bytes);
    entry.made = made;
    entry.text = text;
    return entry;
}

/* ---- keys ---- */

static int keys_forget(struct keys *all)
{
    sodium_memzero(all, talloc_get_size(all));
    return 0;
}

int keys_load(void *ctx, const char *secret, const char *path, const struct keys **ret, const char **ret_why)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct key_list list;
    struct keys lasting, *all;
    int r = key_list_read(scratch, secret, path, &list, ret_why);

    if (r == 0 && (r = keys_derive(secret, &lasting)) < 0)
        *ret_why = "the secret has less than 32 bytes";
    if (r < 0) {
        *ret_why = COPY(ctx, *ret_why);
        return r;
    }
    all = memory_check(talloc_zero_array(ctx, struct keys, (unsigned)list.count));
    talloc_set_destructor(all, keys_forget);
    for (size_t i = 0; i < list.count; i++) {
        keys_derive(list.entries[i].text ? list.entries[i].text : secret, &all[i]); /* as it did when it was read */
        memcpy(all[i].api, lasting.api, sizeof all[i].api);
        all[i].older = i + 1 < list.count ? &all[i + 1] : NULL;
    }
    sodium_memzero(&lasting, sizeof lasting);
    *ret = all;
    return 0;
}
