/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/doctor.h"
#include "queue/cli/migrate.h"
#include "sql.h"
#include <sys/stat.h>

enum { POSTGRESQL_LEAST = 150000, REDIS_LEAST = 7, SECRET_LETTERS = 8, CLOCK_WARNING_MS = 1000, CLOCK_BAD_MS = 5000 };

/* ---- configuration ---- */

static int letters_of(const char *text)
{
    bool seen[256] = { false };
    int n = 0;

    for (; *text; text++)
        if (!seen[(unsigned char)*text]) {
            seen[(unsigned char)*text] = true;
            n++;
        }
    return n;
}

void check_configuration(struct doctor *doctor)
{
    const struct config *config = doctor->operation->config;
    struct stat file;

    /* Shorter than 32 bytes it is refused at the start. */
    if (letters_of(config->secret) < SECRET_LETTERS)
        doctor_say(doctor, BAD, "secret can be guessed: openssl rand -hex 32 makes one");
    if (!*config->smtp_url)
        doctor_say(doctor, WARNING, "smtp.url is empty: no mail can be sent");
    if (!config->file)
        return;
    if (stat(config->file, &file) < 0)
        doctor_say(doctor, WARNING, "%s cannot be looked at", config->file);
    else if (file.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
        doctor_say(doctor, BAD, "%s holds secrets and may be %s by others: chmod 640", config->file,
                   file.st_mode & (S_IWOTH | S_IWGRP) ? "written" : "read");
}

static bool look_at_folder(struct doctor *doctor, const char *key, const char *path, struct stat *ret)
{
    if (stat(path, ret) < 0 || !S_ISDIR(ret->st_mode)) {
        doctor_say(doctor, BAD, "%s is no folder: make it, or set %s", path, key);
        return false;
    }
    if (ret->st_mode & S_IWOTH && !(ret->st_mode & S_ISVTX))
        doctor_say(doctor, BAD, "%s may be written by everybody: chmod 750", path);
    return true;
}

void check_folders(struct doctor *doctor)
{
    const struct config *config = doctor->operation->config;
    struct stat files, work;
    bool there = look_at_folder(doctor, "storage.folder", config->storage_folder, &files);

    if (look_at_folder(doctor, "worker.folder", config->worker_folder, &work) && there && files.st_dev != work.st_dev &&
        !strcmp(config->storage_backend, "folder"))
        doctor_say(doctor, BAD, "%s and %s are on two file systems, but files are moved from one to the other",
                   config->worker_folder, config->storage_folder);
}

/* ---- PostgreSQL ---- */

void check_postgresql(struct doctor *doctor)
{
    autoresult struct result server = { 0 };
    const char *commits;

    if (database_run(doctor->operation->database, &sql_queue_doctor_server, NO_PARAMS, &server) < 0) {
        doctor_say(doctor, BAD, "does not answer: %s", server.message);
        return;
    }
    commits = result_text(&server, 0, "commits");
    if (strtol(result_text(&server, 0, "version"), NULL, 10) < POSTGRESQL_LEAST)
        doctor_say(doctor, BAD, "is older than version 15");
    if (!strcmp(commits, "off"))
        doctor_say(doctor, BAD, "synchronous_commit is off: a crash loses jobs that were said to be put; turn it on");
    if (!strcmp(result_text(&server, 0, "fsync"), "off"))
        doctor_say(doctor, WARNING, "fsync is off: a crash of the machine may destroy the database");
    if (*result_text(&server, 0, "standby") == 't')
        doctor_say(doctor, BAD, "is a standby and cannot be written to: set database.url to the primary");
}

/* What was applied against what this program has. */
static void compare_migrations(struct doctor *doctor, const struct result *applied)
{
    const struct migration *migration = migrations;
    int i = 0;

    for (; migration->number; migration++, i++) {
        char sum[MIGRATION_SUM_SIZE];

        if (i >= result_rows(applied) || strtol(result_text(applied, i, "number"), NULL, 10) != migration->number) {
            doctor_say(doctor, BAD, "%s is not applied: run millrace migrate", migration->name);
            return;
        }
        migration_checksum(migration->text, sum);
        if (strcmp(sum, result_text(applied, i, "checksum")) != 0)
            doctor_say(doctor, BAD, "%s was changed after it was applied: this program is not the database's",
                       migration->name);
    }
    if (i < result_rows(applied))
        doctor_say(doctor, WARNING, "%s is newer than this program: install the newest release everywhere",
                   result_text(applied, i, "name"));
}

static bool kind_is_told(const struct result *kinds, const struct job_kind *kind)
{
    for (int i = 0; i < result_rows(kinds); i++)
        if (!strcmp(result_text(kinds, i, "name"), kind->name))
            return !strcmp(result_text(kinds, i, "queue"), kind->queue) &&
                   strtol(result_text(kinds, i, "version"), NULL, 10) == kind->version &&
                   strtol(result_text(kinds, i, "deadline"), NULL, 10) == kind->deadline &&
                   strtol(result_text(kinds, i, "tries"), NULL, 10) == kind->tries;
    return false;
}

void check_schema(struct doctor *doctor)
{
    autoresult struct result missing = { 0 }, applied = { 0 }, kinds = { 0 };
    struct database *database = doctor->operation->database;

    if (database_run(database, &sql_queue_doctor_schema, NO_PARAMS, &missing) < 0) {
        doctor_say(doctor, BAD, "cannot be read: %s", missing.message);
        return;
    }
    for (int i = 0; i < result_rows(&missing); i++)
        doctor_say(doctor, BAD, "there is no table %s: run millrace migrate, or restore a backup",
                   result_text(&missing, i, "name"));
    if (result_rows(&missing) > 0)
        return;
    if (database_run(database, &sql_queue_doctor_migrations, NO_PARAMS, &applied) < 0 ||
        database_run(database, &sql_queue_doctor_kinds, NO_PARAMS, &kinds) < 0) {
        doctor_say(doctor, BAD, "cannot be read: %s%s", applied.message, kinds.message);
        return;
    }
    compare_migrations(doctor, &applied);
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        if (!kind_is_told(&kinds, kind))
            doctor_say(doctor, BAD, "the database thinks differently of kind %s: run millrace migrate", kind->name);
}

/* Weeks that should have been dropped. */
static void check_held(struct doctor *doctor)
{
    autoresult struct result weeks = { 0 };
    char days[16];

    snprintf(days, sizeof days, "%d", doctor->operation->config->queue_keep);
    if (database_run(doctor->operation->database, &sql_queue_doctor_held, PARAMS({ "days", days }), &weeks) < 0)
        doctor_say(doctor, BAD, "cannot be read: %s", weeks.message);
    for (int i = 0; i < result_rows(&weeks); i++) {
        const char *held = result_text(&weeks, i, "held");

        doctor_say(doctor, WARNING, "%s to %s are not dropped: %s", result_text(&weeks, i, "first"),
                   result_text(&weeks, i, "last"),
                   held ? held : "nothing holds them back: a scheduler should do it, unless somebody reads them");
    }
}

void check_weeks(struct doctor *doctor)
{
    autoresult struct result weeks = { 0 }, made = { 0 };
    static const char *const strays[] = { "jobs", "ends", "tries" };
    struct database *database = doctor->operation->database;
    long ahead;

    if (database_run(database, &sql_queue_doctor_weeks, NO_PARAMS, &weeks) < 0) {
        doctor_say(doctor, BAD, "cannot be read: %s", weeks.message);
        return;
    }
    ahead = strtol(result_text(&weeks, 0, "ahead"), NULL, 10);
    if (ahead < 5 && doctor->repair && database_run(database, &sql_queue_weeks_make, NO_PARAMS, &made) == 0)
        doctor_count(doctor, "weeks", (size_t)(5 - ahead), "job, job_end, job_try", "were missing and are made");
    else if (ahead < 5)
        doctor_say(doctor, ahead < 2 ? BAD : WARNING,
                   "only %ld of five weeks are made ahead: a scheduler should do it; --repair does it now", ahead);
    for (size_t i = 0; i < ELEMENTS(strays); i++)
        if (strcmp(result_text(&weeks, 0, strays[i]), "0") != 0)
            doctor_say(doctor, BAD,
                       "%s %s lie in a default partition, where nothing is ever dropped: move them into their week "
                       "(docs/operating.md)",
                       result_text(&weeks, 0, strays[i]), strays[i]);
    check_held(doctor);
}

/* ---- Redis ---- */

/* A line of INFO, "" when it is not there. On ctx. */
static const char *info_text(void *ctx, const char *info, const char *name)
{
    const char *at = strstr(info, FORMAT(ctx, "\n%s:", name));

    if (!at)
        return "";
    at += strlen(name) + 2;
    return memory_check(talloc_strndup(ctx, at, strcspn(at, "\r\n")));
}

/* On ctx; NULL when Redis does not answer. */
static const char *read_info(void *ctx, struct redis *redis)
{
    struct command command = { 0 };
    redisReply *reply = NULL;
    const char *info = NULL;

    command_text(ctx, &command, "INFO");
    if (redis_do(redis, &command, &reply) == 0 && reply->type == REDIS_REPLY_STRING)
        info = COPY(ctx, reply->str);
    freeReplyObject(reply);
    return info;
}

static void check_replicas(struct doctor *doctor, void *ctx, const char *info)
{
    if (!strcmp(info_text(ctx, info, "role"), "slave"))
        doctor_say(doctor, BAD, "is a replica and cannot be written to: set redis.url to the master");
    else if (strtol(info_text(ctx, info, "connected_slaves"), NULL, 10) > 0 &&
             !*info_text(ctx, info, "min_slaves_good_slaves"))
        doctor_say(doctor, WARNING,
                   "has replicas, but min-replicas-to-write is 0: a cut-off master would go on; set it to 1");
}

static void check_one_redis(struct doctor *doctor, struct redis *redis, const char *queue)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *info = read_info(ctx, redis), *policy;

    if (!info) {
        doctor_say(doctor, BAD, "does not answer for queue %s: %s", queue, redis_error(redis));
        return;
    }
    policy = info_text(ctx, info, "maxmemory_policy");
    if (strtol(info_text(ctx, info, "redis_version"), NULL, 10) < REDIS_LEAST)
        doctor_say(doctor, BAD, "version %s is older than 7", info_text(ctx, info, "redis_version"));
    if (!strcmp(info_text(ctx, info, "loading"), "1"))
        doctor_say(doctor, WARNING, "is still loading its data");
    if (strcmp(policy, "noeviction") != 0)
        doctor_say(doctor, BAD, "maxmemory-policy is %s, which throws jobs away: set noeviction", policy);
    if (!strtoull(info_text(ctx, info, "maxmemory"), NULL, 10))
        doctor_say(doctor, BAD, "maxmemory is not set: nothing keeps queues from taking all memory; set it");
    if (strcmp(info_text(ctx, info, "aof_enabled"), "1") != 0)
        doctor_say(doctor, WARNING,
                   "appendonly is no: after each restart all queues are rebuilt from PostgreSQL; set it to yes");
    else if (strcmp(info_text(ctx, info, "aof_last_write_status"), "ok") != 0)
        doctor_say(doctor, BAD, "cannot write its append-only file: look at its log, and at the disk");
    check_replicas(doctor, ctx, info);
}

/* Each Redis once, though queues share one. */
static void each_redis(struct doctor *doctor,
                       void (*check)(struct doctor *doctor, struct redis *redis, const char *queue))
{
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        struct redis *redis = queue_redis_get(doctor->operation->redis, doctor->gauges.list[i].queue);
        size_t k = 0;

        while (queue_redis_get(doctor->operation->redis, doctor->gauges.list[k].queue) != redis)
            k++;
        if (k == i)
            check(doctor, redis, doctor->gauges.list[i].queue);
    }
}

void check_redis(struct doctor *doctor)
{
    each_redis(doctor, check_one_redis);
}

/* ---- clocks ---- */

static int redis_ms(struct redis *redis, long long *ret)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct command command = { 0 };
    redisReply *reply = NULL;
    int r;

    command_text(ctx, &command, "TIME");
    r = redis_do(redis, &command, &reply);
    if (r == 0 && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        *ret = strtoll(reply->element[0]->str, NULL, 10) * 1000 + strtoll(reply->element[1]->str, NULL, 10) / 1000;
    freeReplyObject(reply);
    return r;
}

/* How far a clock that said `there` between two looks at ours is from ours, beyond what the question took. */
static void compare_clocks(struct doctor *doctor, const char *who, long long before, long long there, long long after)
{
    long long off = there < before ? there - before : there > after ? there - after : 0;
    long long far = off < 0 ? -off : off;

    if (far >= CLOCK_WARNING_MS)
        doctor_say(doctor, far >= CLOCK_BAD_MS ? BAD : WARNING,
                   "%s's clock is %lld.%03lld s %s this machine's: let all of them follow one time server", who,
                   far / 1000, far % 1000, off < 0 ? "behind" : "ahead of");
}

static void check_redis_clock(struct doctor *doctor, struct redis *redis, const char *queue)
{
    long long before = clock_wall_ms(), there = 0;

    (void)queue;
    if (redis_ms(redis, &there) == 0)
        compare_clocks(doctor, "Redis", before, there, clock_wall_ms());
}

void check_clocks(struct doctor *doctor)
{
    autoresult struct result server = { 0 };
    long long before = clock_wall_ms();

    if (database_run(doctor->operation->database, &sql_queue_doctor_server, NO_PARAMS, &server) == 0)
        compare_clocks(doctor, "PostgreSQL", before, strtoll(result_text(&server, 0, "now"), NULL, 10),
                       clock_wall_ms());
    each_redis(doctor, check_redis_clock);
}
