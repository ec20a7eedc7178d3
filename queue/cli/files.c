/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files that were stored for a transaction that never came: their process was killed in between, or was refused and
 * could not remove them. */
#include "common/array_text.h"
#include "common/database.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/provider/storage_s3.h"
#include "queue/cli/arguments.h"
#include "queue/cli/options.h"
#include "sql.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

enum {
    PAGE = 500,
    LEAST_AGE = 3600,     /* seconds: what is stored is named by a row a moment later, or when its job ends */
    ORPHANS_MAX = 100000, /* more are left to another time */
};

struct sweep {
    struct operation *operation;
    time_t before; /* when the youngest to be looked at was changed */
    void *page;    /* of its keys */
    struct array_text keys;
    int count;
    size_t looked_at, orphan_count;
    const char **orphans;
};

/* Ask for a page of keys, and note those that nothing names. -ECANCELED: that failed, which was said. */
static int page_end(struct sweep *sweep)
{
    autoresult struct result result = { 0 };

    if (sweep->count == 0)
        return 0;
    if (database_run(sweep->operation->database, &sql_queue_file_orphans,
                     PARAMS({ "keys", array_end(sweep->page, &sweep->keys) }), &result) < 0) {
        complain_of("database", &result);
        return -ECANCELED;
    }
    for (int i = 0; i < result_rows(&result) && sweep->orphan_count < ORPHANS_MAX; i++)
        sweep->orphans[sweep->orphan_count++] = COPY(sweep->orphans, result_text(&result, i, "key"));
    talloc_free(sweep->page);
    sweep->page = talloc_new(sweep->operation->ctx);
    sweep->keys = (struct array_text){ 0 };
    sweep->count = 0;
    return 0;
}

static int file_seen(void *closure, const char *key, time_t changed_at)
{
    struct sweep *sweep = closure;

    if (changed_at >= sweep->before)
        return 0;
    sweep->looked_at++;
    array_add(sweep->page, &sweep->keys, key);
    return ++sweep->count == PAGE ? page_end(sweep) : 0;
}

/* What operators do is written down. */
static void note(struct sweep *sweep, size_t removed)
{
    autoresult struct result result = { 0 };
    json_auto_t *details = memory_check(json_pack("{s:I}", "removed", (json_int_t)removed));

    if (database_run(sweep->operation->database, &sql_queue_command_audit,
                     PARAMS({ "who", operator_name() }, { "action", "sweep" }, { "target", "files" },
                            { "details", json_text(sweep->operation->ctx, details) }),
                     &result) < 0)
        complain_of("audit", &result);
}

static int orphans_drop(struct sweep *sweep, const struct storage *storage)
{
    size_t removed = 0;
    int status = DONE;

    for (size_t i = 0; i < sweep->orphan_count && status == DONE; i++) {
        int r = storage_drop(storage, sweep->orphans[i]);

        if (r < 0)
            status = complain(sweep->orphans[i], strerror(-r), FAILED);
        else
            removed++;
    }
    if (removed)
        note(sweep, removed);
    printf("%zu of %zu files removed\n", removed, sweep->looked_at);
    return status;
}

static int sweep_run(struct sweep *sweep, bool dry)
{
    const struct storage *storage = storage_new(sweep->operation->ctx, sweep->operation->config);
    int r = storage_each(storage, file_seen, sweep);

    if (r == 0)
        r = page_end(sweep);
    if (r == -ECANCELED)
        return FAILED;
    if (r < 0)
        return complain("storage", strerror(-r), FAILED);
    for (size_t i = 0; dry && i < sweep->orphan_count; i++)
        puts(sweep->orphans[i]);
    if (dry)
        return DONE;
    if (sweep->looked_at > 0 && sweep->orphan_count == sweep->looked_at)
        return complain("storage", "no row names any of its files: is this its database? Nothing is removed", NOT_NOW);
    return orphans_drop(sweep, storage);
}

int command_files(struct operation *operation)
{
    enum { OLDER, DRY };
    static const struct option_row options[] = {
        [OLDER] = { "AGE",
                    { .name = "--older",
                      .type = WORD,
                      .min = 1,
                      .max = 20,
                      .doc = "look at files stored that long ago or longer (1d; 1h at least)" } },
        [DRY] = { NULL, { .name = "--dry-run", .type = BOOLEAN, .doc = "list them, remove nothing" } },
        OPTIONS_END,
    };
    static const struct guide guide = {
        "files",
        "sweep",
        "Remove what was stored and no row of the database names: of processes that were killed between\n"
        "storing and committing. All fronts and workers must have this database and this storage.",
        options,
        1,
        1
    };
    struct sweep sweep = { .operation = operation, .page = talloc_new(operation->ctx) };
    long long age;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (strcmp(said.words[0], "sweep") != 0)
        return complain(said.words[0], "is no action: sweep", USAGE);
    if (!option_age("--older", said.values[OLDER], 24 * 3600, &age))
        return USAGE;
    if (age < LEAST_AGE)
        return complain("--older", "must be an hour or more", USAGE);
    if (sodium_init() < 0)
        return complain("libsodium", "cannot start", FAILED);
    sweep.before = time(NULL) - age;
    sweep.orphans = memory_check(talloc_zero_array(operation->ctx, const char *, ORPHANS_MAX));
    return sweep_run(&sweep, said.values[DRY] != NULL);
}
