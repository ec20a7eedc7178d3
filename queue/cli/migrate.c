/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/migrate.h"
#include "common/memory.h"
#include "queue/job.h"
#include "sql.h"
#include <errno.h>
#include <sodium.h>

/* Any number that nobody else uses as an advisory lock of this database. Held by the transaction, so that it ends with
 * it, whatever happens. */
#define MIGRATION_LOCK "5284073914871"

void migration_checksum(const char *text, char hex[MIGRATION_SUM_SIZE])
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(hex, MIGRATION_SUM_SIZE, digest, sizeof digest);
}

static int complain(const struct migration *migration, const char *why)
{
    fprintf(stderr, "millrace: migration %s: %s\n", migration->name, why);
    return -EIO;
}

static int refused(const struct migration *migration, const struct result *result)
{
    return complain(migration, result->message);
}

/* One script: lock, make the table of migrations, and fail the transaction by a unique row when it was applied. */
static int apply(struct database *database, const struct migration *migration, const char *sum)
{
    autotalloc void *ctx = talloc_new(NULL);
    autoresult struct result result = { 0 };
    const char *script =
        FORMAT(ctx,
               "begin; select pg_advisory_xact_lock(" MIGRATION_LOCK ");\n"
               "insert into schema_migration (number, name, checksum) values (%d, '%s', '%s');\n%s;\ncommit;",
               migration->number, migration->name, sum, migration->text);

    if (database_script(database, script, &result) == 0) {
        printf("applied %s\n", migration->name);
        return 0;
    }
    database_script(database, "rollback", &(struct result){ 0 });
    if (!strcmp(result.sqlstate, "23505"))
        return 0; /* another one was faster: its checksum is looked at next */
    return refused(migration, &result);
}

static int table_make(struct database *database)
{
    autoresult struct result result = { 0 };

    if (database_script(database,
                        "begin; select pg_advisory_xact_lock(" MIGRATION_LOCK ");\n"
                        "create table if not exists schema_migration (number integer primary key, name text not null,"
                        " checksum text not null, applied_at timestamptz not null default now()); commit;",
                        &result) == 0)
        return 0;
    fprintf(stderr, "millrace: %s\n", result.message);
    return -EIO;
}

/* 1 when it is there and unchanged, 0 when it is not, -EBADMSG when it was changed. */
static int look_up(struct database *database, const struct migration *migration, const char *sum)
{
    autoresult struct result result = { 0 };
    char number[16];

    snprintf(number, sizeof number, "%d", migration->number);
    if (database_run(database, &sql_queue_migration_get, PARAMS({ "number", number }), &result) < 0)
        return refused(migration, &result);
    if (result_rows(&result) == 0)
        return 0;
    if (!strcmp(result_text(&result, 0, "checksum"), sum))
        return 1;
    complain(migration, "it was changed after it was applied");
    return -EBADMSG;
}

static int kinds_put(struct database *database)
{
    for (const struct job_kind *kind = job_kinds; kind->name; kind++) {
        autoresult struct result result = { 0 };
        char version[16], deadline[16], tries[16];

        snprintf(version, sizeof version, "%d", kind->version);
        snprintf(deadline, sizeof deadline, "%d", kind->deadline);
        snprintf(tries, sizeof tries, "%d", kind->tries);
        if (database_run(database, &sql_queue_kind_put,
                         PARAMS({ "name", kind->name }, { "queue", kind->queue }, { "version", version },
                                { "deadline", deadline }, { "tries", tries },
                                { "plain", kind->end ? "false" : "true" }),
                         &result) < 0) {
            fprintf(stderr, "millrace: kind %s: %s\n", kind->name, result.message);
            return -EIO;
        }
    }
    return 0;
}

/* What the house does by itself, of kinds that there are. */
static int schedules_install(struct database *database)
{
    autoresult struct result result = { 0 };

    if (database_run(database, &sql_queue_schedules_install, NO_PARAMS, &result) == 0)
        return 0;
    fprintf(stderr, "millrace: schedules: %s\n", result.message);
    return -EIO;
}

int migrate(struct database *database)
{
    int r = table_make(database);

    for (const struct migration *migration = migrations; migration->number && r >= 0; migration++) {
        char sum[MIGRATION_SUM_SIZE];

        migration_checksum(migration->text, sum);
        r = look_up(database, migration, sum);
        if (r == 0)
            r = apply(database, migration, sum);
        if (r == 0)
            r = look_up(database, migration, sum);
        if (r == 0) /* it was not another one: the migration itself met a duplicate value */
            r = complain(migration, "a value of it is there already");
    }
    if (r >= 0)
        r = kinds_put(database);
    return r < 0 ? r : schedules_install(database);
}
