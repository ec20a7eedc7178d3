/* SPDX-License-Identifier: GPL-3.0-or-later
 * What Redis holds of a queue, key by key. Each thing is judged, and mended, by the script inspect, a few at a time. */
#include "common/memory.h"
#include "queue/cli/doctor.h"
#include "scripts.h"
#include <errno.h>
#include <sodium.h>

enum { IDS_MAX = 2000000, ID_BYTES = 16, LIST_STEP = 512 };

/* ---- calls ---- */

static int fail(struct doctor *doctor, int r)
{
    doctor_say(doctor, WARNING, "could not be looked at: %s", redis_error(doctor->redis));
    return r;
}

void inspection_begin(struct inspection *inspection, struct doctor *doctor, const char *queue, const char *what)
{
    *inspection = (struct inspection){ .doctor = doctor, .queue = queue, .what = what };
}

int inspection_end(struct inspection *inspection)
{
    autotalloc void *ctx = TAKE(inspection->ctx);
    struct command command = { 0 };
    redisReply *reply = NULL;
    int r;

    if (inspection->count == 0)
        return 0;
    command_text(ctx, &command, queue_prefix(ctx, inspection->queue));
    command_text(ctx, &command, inspection->what);
    command_text(ctx, &command, inspection->doctor->repair ? "mend" : "look");
    if (inspection->fixed)
        command_text(ctx, &command, inspection->fixed);
    for (size_t i = 0; i < inspection->count; i++)
        command_text(ctx, &command, inspection->items[i]);
    inspection->count = 0;
    r = redis_call(inspection->doctor->redis, &script_inspect, 1, &command, &reply);
    if (r < 0)
        return fail(inspection->doctor, r);
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0) {
        if (!inspection->wrong)
            snprintf(inspection->example, sizeof inspection->example, "%s", reply->element[0]->str);
        inspection->wrong += reply->elements;
    }
    freeReplyObject(reply);
    return 0;
}

int inspection_add(struct inspection *inspection, const char *item)
{
    if (!inspection->ctx)
        inspection->ctx = talloc_new(NULL);
    inspection->items[inspection->count++] = COPY(inspection->ctx, item);
    return inspection->count == QUEUE_BATCH ? inspection_end(inspection) : 0;
}

/* Look at those that are left, and note what was wrong. */
static int inspection_tell(struct inspection *inspection, const char *what)
{
    int r = inspection_end(inspection);

    doctor_count(inspection->doctor, inspection->queue, inspection->wrong, inspection->example, what);
    return r;
}

/* One step of a walk: the members of a reply, of which each `step`th is one. */
static int see_all(const redisReply *list, size_t step, int (*see)(void *closure, const char *member), void *closure)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < list->elements; i += step)
        r = see(closure, list->element[i]->str);
    return r;
}

/* verb with key (SCAN: none) and pattern (NULL: none). */
static int walk(struct doctor *doctor, const char *verb, const char *key, const char *pattern,
                int (*see)(void *closure, const char *member), void *closure)
{
    size_t step = !strcmp(verb, "HSCAN") || !strcmp(verb, "ZSCAN") ? 2 : 1;
    char cursor[32] = "0";
    int r;

    do {
        autotalloc void *ctx = talloc_new(NULL);
        struct command command = { 0 };
        redisReply *reply = NULL;

        command_text(ctx, &command, verb);
        if (key)
            command_text(ctx, &command, key);
        command_text(ctx, &command, cursor);
        if (pattern) {
            command_text(ctx, &command, "MATCH");
            command_text(ctx, &command, pattern);
        }
        command_text(ctx, &command, "COUNT");
        command_number(ctx, &command, 512);
        r = redis_do(doctor->redis, &command, &reply);
        if (r < 0)
            return fail(doctor, r);
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
            r = -EPROTO;
        else
            snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
        if (r == 0)
            r = see_all(reply->element[1], step, see, closure);
        freeReplyObject(reply);
    } while (r == 0 && strcmp(cursor, "0") != 0);
    return r;
}

int redis_walk(struct doctor *doctor, const char *verb, const char *key, int (*see)(void *closure, const char *member),
               void *closure)
{
    return walk(doctor, verb, key, NULL, see, closure);
}

static int see_item(void *closure, const char *member)
{
    return inspection_add(closure, member);
}

/* ---- lists: jobs that are in none ---- */

/* Ids that are in some list, as bytes. */
struct ids {
    struct doctor *doctor;
    const char *prefix;
    unsigned char (*list)[ID_BYTES];
    size_t count;
    bool sorted;
    struct inspection jobs, lists;
};

static bool id_bytes(const char *text, unsigned char bytes[ID_BYTES])
{
    size_t length;
    return sodium_hex2bin(bytes, ID_BYTES, text, strlen(text), "-", &length, NULL) == 0 && length == ID_BYTES;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, ID_BYTES);
}

static int ids_add(struct ids *ids, const char *text)
{
    unsigned char bytes[ID_BYTES];

    if (!id_bytes(text, bytes))
        return 0;
    if (ids->count == IDS_MAX) {
        doctor_say(ids->doctor, WARNING, "more than %d jobs wait: not each of them was looked at", IDS_MAX);
        return -E2BIG;
    }
    if (ids->count == talloc_array_length(ids->list))
        ids->list = memory_check(
            talloc_realloc_size(ids->doctor->operation->ctx, ids->list, (ids->count * 2 + 4096) * ID_BYTES));
    memcpy(ids->list[ids->count++], bytes, ID_BYTES);
    return 0;
}

/* A list from its end to its head: who takes from the head meanwhile does not shift what is not read yet. */
static int read_list(struct ids *ids, const char *key)
{
    size_t n = LIST_STEP;
    int r = 0;

    for (long long last = -1; r == 0 && n == LIST_STEP; last -= LIST_STEP) {
        autotalloc void *ctx = talloc_new(NULL);
        struct command command = { 0 };
        redisReply *reply = NULL;

        command_text(ctx, &command, "LRANGE");
        command_text(ctx, &command, key);
        command_number(ctx, &command, last - LIST_STEP + 1);
        command_number(ctx, &command, last);
        r = redis_do(ids->doctor->redis, &command, &reply);
        if (r < 0)
            return fail(ids->doctor, r);
        n = reply->elements;
        for (size_t i = 0; r == 0 && i < n; i++)
            r = ids_add(ids, reply->element[i]->str);
        freeReplyObject(reply);
    }
    return r;
}

static int see_key(void *closure, const char *key)
{
    struct ids *ids = closure;
    const char *name = key + strlen(ids->prefix);
    int r = 0;

    if (!strncmp(name, "r:", 2))
        r = inspection_add(&ids->lists, name + 2);
    else if (strncmp(name, "w:", 2) != 0 || !strchr(name, '|'))
        return 0;
    return r < 0 ? r : read_list(ids, key);
}

static int see_job(void *closure, const char *id)
{
    struct ids *ids = closure;
    unsigned char bytes[ID_BYTES];

    if (!id_bytes(id, bytes) || (ids->count && bsearch(bytes, ids->list, ids->count, ID_BYTES, by_bytes)))
        return 0;
    return inspection_add(&ids->jobs, id);
}

void check_lists(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        doctor_turn(doctor, i);
        autotalloc void *ctx = talloc_new(NULL);
        const char *queue = doctor->gauges.list[i].queue, *prefix = queue_prefix(ctx, queue);
        struct ids ids = { .doctor = doctor, .prefix = prefix };
        int r;

        inspection_begin(&ids.jobs, doctor, queue, "jobs");
        inspection_begin(&ids.lists, doctor, queue, "lists");
        r = walk(doctor, "SCAN", NULL, FORMAT(ctx, "%s[rw]:*", prefix), see_key, &ids);
        if (r == 0)
            r = inspection_tell(&ids.lists, "lists of jobs that nobody looks at");
        if (ids.count)
            qsort(ids.list, ids.count, ID_BYTES, by_bytes);
        if (r == 0)
            r = walk(doctor, "HSCAN", FORMAT(ctx, "%sj", prefix), NULL, see_job, &ids);
        if (r == 0)
            inspection_tell(&ids.jobs, "jobs that are known and stand nowhere");
        talloc_free(ids.list);
    }
}

/* ---- leases, and what is counted as running ---- */

static int walk_running(struct doctor *doctor, const char *prefix, struct inspection *inspection)
{
    autotalloc void *ctx = talloc_new(NULL);
    int r = walk(doctor, "HSCAN", FORMAT(ctx, "%sown", prefix), NULL, see_item, inspection);

    return r < 0 ? r : inspection_end(inspection);
}

void check_leases(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        doctor_turn(doctor, i);
        autotalloc void *ctx = talloc_new(NULL);
        const char *queue = doctor->gauges.list[i].queue, *prefix = queue_prefix(ctx, queue);
        struct inspection leases, owned;
        int r;

        inspection_begin(&leases, doctor, queue, "leases");
        inspection_begin(&owned, doctor, queue, "owned");
        r = walk(doctor, "ZSCAN", FORMAT(ctx, "%slease", prefix), NULL, see_item, &leases);
        if (r == 0)
            r = inspection_tell(&leases, "leases that nobody owns, or of jobs that are delayed as well");
        if (r == 0)
            r = walk_running(doctor, prefix, &owned);
        if (r == 0)
            inspection_tell(&owned, "jobs that are owned without a lease");
    }
}

/* Sets of what runs: their members. */
struct sets {
    struct doctor *doctor;
    const char *queue, *prefix;
    size_t wrong;
    char example[160];
};

static int see_set(void *closure, const char *key)
{
    struct sets *sets = closure;
    struct inspection inspection;
    int r;

    inspection_begin(&inspection, sets->doctor, sets->queue, "set");
    inspection.fixed = key + strlen(sets->prefix) + strlen("in:");
    r = walk(sets->doctor, "SSCAN", key, NULL, see_item, &inspection);
    if (r == 0)
        r = inspection_end(&inspection);
    if (inspection.wrong && !sets->wrong)
        snprintf(sets->example, sizeof sets->example, "%s", key);
    sets->wrong += inspection.wrong;
    return r;
}

void check_running(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        doctor_turn(doctor, i);
        autotalloc void *ctx = talloc_new(NULL);
        const char *queue = doctor->gauges.list[i].queue, *prefix = queue_prefix(ctx, queue);
        struct sets sets = { .doctor = doctor, .queue = queue, .prefix = prefix };
        struct inspection inspection;
        int r = walk(doctor, "SCAN", NULL, FORMAT(ctx, "%sin:*", prefix), see_set, &sets);

        doctor_count(doctor, queue, sets.wrong, sets.example, "jobs that are counted as running and do not run");
        inspection_begin(&inspection, doctor, queue, "counts");
        if (r == 0)
            r = walk_running(doctor, prefix, &inspection);
        if (r == 0)
            inspection_tell(&inspection, "running jobs that are not counted");
    }
}

/* ---- who is parked ---- */

struct parked {
    struct doctor *doctor;
    const char *queue, *prefix;
    struct inspection lanes, seats;
    size_t blocked;
    char example[160];
};

static int see_blocked(struct parked *parked, const char *key, const char *priority)
{
    struct inspection inspection;
    int r;

    inspection_begin(&inspection, parked->doctor, parked->queue, "blocked");
    inspection.fixed = priority;
    r = walk(parked->doctor, "ZSCAN", key, NULL, see_item, &inspection);
    if (r == 0)
        r = inspection_end(&inspection);
    if (inspection.wrong && !parked->blocked)
        snprintf(parked->example, sizeof parked->example, "%s", inspection.example);
    parked->blocked += inspection.wrong;
    return r;
}

/* blk:PRIORITY, w:LANE or w:LANE|SEAT */
static int see_parked(void *closure, const char *key)
{
    struct parked *parked = closure;
    const char *name = key + strlen(parked->prefix), *bar = strchr(name, '|');
    autotalloc char *lane = NULL;
    int r;

    if (!strncmp(name, "blk:", 4))
        return see_blocked(parked, key, name + 4);
    if (strncmp(name, "w:", 2) != 0)
        return 0; /* wake */
    if (!bar)
        return inspection_add(&parked->lanes, name + 2);
    lane = memory_check(talloc_strndup(NULL, name + 2, (size_t)(bar - name - 2)));
    r = inspection_add(&parked->seats, lane);
    return r < 0 ? r : inspection_add(&parked->seats, bar + 1);
}

void check_parked(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        doctor_turn(doctor, i);
        autotalloc void *ctx = talloc_new(NULL);
        const char *queue = doctor->gauges.list[i].queue, *prefix = queue_prefix(ctx, queue);
        struct parked parked = { .doctor = doctor, .queue = queue, .prefix = prefix };

        inspection_begin(&parked.lanes, doctor, queue, "lanes");
        inspection_begin(&parked.seats, doctor, queue, "seats");
        if (walk(doctor, "SCAN", NULL, FORMAT(ctx, "%s[bw]*", prefix), see_parked, &parked) < 0)
            continue;
        doctor_count(doctor, queue, parked.blocked, parked.example, "tenants that are parked for ever");
        inspection_tell(&parked.lanes, "lanes that nobody looks at");
        inspection_tell(&parked.seats, "lists of a lane that is in no turn");
    }
}
