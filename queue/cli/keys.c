/* SPDX-License-Identifier: GPL-3.0-or-later
 * The keys that sign and seal: which there are, another one, and one less. They are in the file of keys.file. */
#include "common/database.h"
#include "common/key_file.h"
#include "common/memory.h"
#include "common/seal.h"
#include "queue/cli/options.h"
#include "queue/cli/table.h"
#include "sql.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATIENCE = 600000 }; /* milliseconds: all open jobs are looked at */

struct keyring {
    struct operation *operation;
    struct key_list list;
    bool prepare, force;
    const char *kid; /* NULL: none was named */
};

static const struct column columns[] = {
    { "kid", COLUMN_TEXT, NULL },
    { "state", COLUMN_TEXT, NULL },
    { "made", COLUMN_TEXT, NULL },
    { "of", COLUMN_TEXT, NULL },
    { .name = NULL },
};

static int list_keys(struct keyring *keyring, bool json)
{
    json_auto_t *rows = json_array();

    for (size_t i = 0; i < keyring->list.count; i++) {
        const struct key_entry *entry = &keyring->list.entries[i];

        json_array_append_new(
            rows, json_pack("{ss ss ss? ss}", "kid", entry->kid, "state", key_state_names[entry->state], "made",
                            strcmp(entry->made, "-") ? entry->made : NULL, "of", entry->text ? "keys.file" : "secret"));
    }
    table_print(columns, rows, json);
    return DONE;
}

/* ---- changes: the audit is told first, so that nothing is changed that is not in it ---- */

static int keyring_write(struct keyring *keyring, const char *action, const char *kid)
{
    const struct config *config = keyring->operation->config;
    autoresult struct result noted = { 0 };
    int r;

    if (database_run(keyring->operation->database, &sql_queue_audit_note,
                     PARAMS({ "who", operator_name() }, { "action", action }, { "target", kid }, { "details", NULL }),
                     &noted) < 0)
        return complain_of("nothing was changed", &noted);
    r = key_list_write(config->keys_file, config->file, &keyring->list);
    return r < 0 ? complain(config->keys_file, strerror(-r), FAILED) : DONE;
}

static struct key_entry *keyring_next(struct keyring *keyring)
{
    for (size_t i = 0; i < keyring->list.count; i++)
        if (keyring->list.entries[i].state == KEY_NEXT)
            return &keyring->list.entries[i];
    return NULL;
}

static void insert(struct key_list *list, size_t at, struct key_entry entry)
{
    memmove(list->entries + at + 1, list->entries + at, (list->count - at) * sizeof entry);
    list->entries[at] = entry;
    list->count++;
}

/* What was prepared signs, else a new one. */
static void promote(struct keyring *keyring)
{
    struct key_list *list = &keyring->list;
    struct key_entry *next = keyring_next(keyring), entry;

    list->entries[0].state = KEY_CHECKS;
    if (!next) {
        insert(list, 0, key_entry_make(keyring->operation->ctx, KEY_SIGNS));
        return;
    }
    entry = *next;
    entry.state = KEY_SIGNS;
    memmove(list->entries + 1, list->entries, (size_t)(next - list->entries) * sizeof entry);
    list->entries[0] = entry;
}

static int rotate(struct keyring *keyring)
{
    struct key_list *list = &keyring->list;
    const struct key_entry *next = keyring_next(keyring);
    const char *kid;
    int status;

    if (keyring->prepare && next)
        return complain(next->kid, "is prepared already: rotate without --prepare lets it sign", NOT_NOW);
    if (!next && list->count == KEYS_MAX)
        return complain("keys", "there are 16 already: drop one", NOT_NOW);
    if (keyring->prepare)
        insert(list, 1, key_entry_make(keyring->operation->ctx, KEY_NEXT));
    else
        promote(keyring);
    kid = list->entries[keyring->prepare ? 1 : 0].kid;
    status = keyring_write(keyring, keyring->prepare ? "keys.prepare" : "keys.rotate", kid);
    if (status == DONE)
        printf("%s %s once %s were restarted\n", kid, keyring->prepare ? "holds" : "signs", "workers, then fronts,");
    return status;
}

/* Whether nothing is sealed with it any more; else that is told. */
static int check_unused(const struct keyring *keyring)
{
    struct operation *operation = keyring->operation;
    struct database *database = database_new(operation->ctx, operation->config->database_url, PATIENCE);
    autoresult struct result uses = { 0 };
    const char *jobs, *answers;

    if (database_run(database, &sql_queue_key_uses,
                     PARAMS({ "mark", FORMAT(operation->ctx, "mrs1." SEAL_SECRET "%s.", keyring->kid) }), &uses) < 0)
        return complain_of("PostgreSQL", &uses);
    jobs = result_text(&uses, 0, "jobs");
    answers = result_text(&uses, 0, "answers");
    if (!strcmp(jobs, "0") && !strcmp(answers, "0"))
        return DONE;
    return complain(keyring->kid,
                    FORMAT(operation->ctx,
                           "has sealed %s open jobs and %s answers of the last day; --force drops it all the same",
                           jobs, answers),
                    NOT_NOW);
}

static int drop(struct keyring *keyring)
{
    struct key_list *list = &keyring->list;
    size_t i = 0;
    int status;

    if (!keyring->kid)
        return complain("keys drop", "which? Say KID", USAGE);
    while (i < list->count && strcmp(list->entries[i].kid, keyring->kid) != 0)
        i++;
    if (i == list->count)
        return complain("keys", "there is no such key", NOT_THERE);
    if (i == 0)
        return complain(keyring->kid, "signs: rotate first", NOT_NOW);
    status = keyring->force ? DONE : check_unused(keyring);
    if (status != DONE)
        return status;
    list->count--;
    memmove(list->entries + i, list->entries + i + 1, (list->count - i) * sizeof list->entries[0]);
    status = keyring_write(keyring, "keys.drop", keyring->kid);
    if (status == DONE)
        printf("%s is dropped: what it signed holds no more once workers and fronts were restarted\n", keyring->kid);
    return status;
}

/* Changes by two at once come one after the other: who holds a file beside it goes first. The descriptor, or -errno. */
static int lock_beside(void *ctx, const char *file)
{
    int fd = open(FORMAT(ctx, "%s.lock", file), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r = 0;

    if (fd < 0 || flock(fd, LOCK_EX) == 0)
        return fd < 0 ? -errno : fd;
    r = -errno;
    close(fd);
    return r;
}

static int change(struct keyring *keyring, int (*act)(struct keyring *keyring))
{
    const struct config *config = keyring->operation->config;
    const char *why;
    autoclose int lock = -1;

    if (!*config->keys_file)
        return complain("keys.file", "is not set: there is no place for keys", NOT_NOW);
    lock = lock_beside(keyring->operation->ctx, config->keys_file);
    if (lock < 0)
        return complain(config->keys_file, strerror(-lock), FAILED);
    if (key_list_read(keyring->operation->ctx, config->secret, config->keys_file, &keyring->list, &why) < 0)
        return complain("keys", why, FAILED);
    return act(keyring);
}

int command_keys(struct operation *operation)
{
    enum { PREPARE, FORCE, JSON };
    static const struct option_row options[] = {
        [PREPARE] = { NULL,
                      { .name = "--prepare",
                        .type = BOOLEAN,
                        .doc = "with rotate: the new key holds, and signs with the next rotate" } },
        [FORCE] = { NULL,
                    { .name = "--force", .type = BOOLEAN, .doc = "with drop: also when something is sealed with it" } },
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = {
        "keys",
        "ACTION [KID]",
        "List and change the keys that sign tokens and links and seal secrets: the file of keys.file.\n"
        "Workers and fronts read it when they start.\n"
        "\n"
        "  list       list them; the first signs, all hold\n"
        "  rotate     make a new key sign, or the one that was prepared; the former ones go on to hold\n"
        "  drop KID   forget a key that does not sign; what it signed holds no more",
        options,
        1,
        2
    };
    struct keyring keyring = { .operation = operation };
    const char *why;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    keyring.prepare = said.values[PREPARE];
    keyring.force = said.values[FORCE];
    keyring.kid = said.count > 1 ? said.words[1] : NULL;
    if (keyring.kid && strcmp(said.words[0], "drop") != 0)
        return complain(keyring.kid, "is a word too many: only drop takes a KID", USAGE);
    if (!strcmp(said.words[0], "rotate"))
        return change(&keyring, rotate);
    if (!strcmp(said.words[0], "drop"))
        return change(&keyring, drop);
    if (strcmp(said.words[0], "list") != 0)
        return complain(said.words[0], "is no action: list, rotate, drop", USAGE);
    if (key_list_read(operation->ctx, operation->config->secret, operation->config->keys_file, &keyring.list, &why) < 0)
        return complain("keys", why, FAILED);
    return list_keys(&keyring, said.values[JSON]);
}
