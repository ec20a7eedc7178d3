/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/steps/parking.h"
#include "common/memory.h"

enum {
    PLACES = 16384, /* of the table, a power of two */
    LOOKS_MAX = 32, /* at once */
    QUIET = 1000,   /* milliseconds between two looks at a job that goes on: some tell of each per cent */
};

struct parking {
    struct loop *loop;
    struct job_news *news;
    struct news_reader reader;
    struct parked **places; /* PLACES of them, once somebody has come */
    struct parked *line, **line_end;
    struct deferred pump;
    int most, count, asleep, looks;
    bool over;
};

/* ---- the line ---- */

static void line_enter(struct parked *parked)
{
    struct parking *parking = parked->parking;

    if (parked->ahead)
        return;
    loop_timer_clear(parking->loop, &parked->timer);
    parked->behind = NULL;
    parked->ahead = parking->line_end;
    *parking->line_end = parked;
    parking->line_end = &parked->behind;
    loop_defer(parking->loop, &parking->pump);
}

static void line_leave(struct parked *parked)
{
    if (!parked->ahead)
        return;
    *parked->ahead = parked->behind;
    if (parked->behind)
        parked->behind->ahead = parked->ahead;
    else
        parked->parking->line_end = parked->ahead;
    parked->ahead = NULL;
}

static void pump(struct deferred *deferred)
{
    struct parking *parking = OWNER(deferred, struct parking, pump);

    while (parking->line && parking->looks < LOOKS_MAX) {
        struct parked *parked = parking->line;

        line_leave(parked);
        parking->looks++;
        parked->looking = true;
        parking->asleep--;
        parked->asleep = parked->news = parked->ended = false;
        parked->looked_at = loop_now(parking->loop);
        parked->look(parked);
    }
}

static void look_over(struct parked *parked)
{
    if (!parked->looking)
        return;
    parked->looking = false;
    parked->parking->looks--;
    loop_defer(parked->parking->loop, &parked->parking->pump);
}

/* ---- sleeping ---- */

/* When to look: at once, when the news may be looked at, or when its time is over. */
static void settle(struct parked *parked)
{
    struct loop *loop = parked->parking->loop;
    uint64_t now = loop_now(loop), at = parked->until;

    if (!parked->asleep || parked->ahead)
        return;
    if (parked->news && parked->looked_at + QUIET < at)
        at = parked->looked_at + QUIET;
    if (parked->ended || at <= now)
        line_enter(parked);
    else
        loop_timer_set(loop, &parked->timer, at - now);
}

static void due(struct timer *timer)
{
    line_enter(OWNER(timer, struct parked, timer));
}

void parked_sleep(struct parked *parked)
{
    look_over(parked);
    parked->asleep = true;
    parked->parking->asleep++;
    settle(parked);
}

void parked_wake(struct parked *parked)
{
    if (parked->asleep)
        line_enter(parked);
}

/* ---- news ---- */

static struct parked **place_of(const struct parking *parking, const unsigned char *id)
{
    /* The last bytes of an id are random. */
    return &parking->places[(id[JOB_KEY_SIZE - 1] | id[JOB_KEY_SIZE - 2] << 8) & (PLACES - 1)];
}

static void changed(struct news_reader *reader, const unsigned char id[JOB_KEY_SIZE], bool ended)
{
    struct parking *parking = OWNER(reader, struct parking, reader);
    struct parked *parked = parking->places ? *place_of(parking, id) : NULL;

    for (; parked; parked = parked->next) {
        if (memcmp(parked->id, id, JOB_KEY_SIZE) != 0 || (parked->ends_only && !ended))
            continue;
        parked->news = true;
        parked->ended |= ended;
        settle(parked);
    }
}

static void missed(struct news_reader *reader)
{
    struct parking *parking = OWNER(reader, struct parking, reader);

    for (int i = 0; parking->places && i < PLACES; i++)
        for (struct parked *parked = parking->places[i]; parked; parked = parked->next) {
            parked->news = parked->ended = true;
            settle(parked);
        }
}

/* ---- coming and going ---- */

struct parking *parking_new(void *ctx, struct loop *loop, const struct config *config, int most)
{
    struct parking *parking = NEW(ctx, struct parking);

    *parking = (struct parking){
        .loop = loop, .most = most, .reader = { .changed = changed, .missed = missed }, .pump = { .call = pump }
    };
    parking->line_end = &parking->line;
    parking->news = job_news_new(parking, loop, config, &parking->reader);
    return parking;
}

bool parked_enter(struct parking *parking, struct parked *parked, const char *queue, const char *job_id, int seconds)
{
    struct parked **place;

    if (parking->over || parking->count >= parking->most || !job_key_read(job_id, strlen(job_id), parked->id) ||
        !job_news_come(parking->news, queue))
        return false;
    if (!parking->places)
        parking->places = memory_check(talloc_zero_array(parking, struct parked *, PLACES));
    place = place_of(parking, parked->id);
    parked->parking = parking;
    parked->until = parked->looked_at = loop_now(parking->loop);
    parked->until += (uint64_t)seconds * 1000;
    parked->timer.due = due;
    parked->next = *place;
    parked->self = place;
    if (parked->next)
        parked->next->self = &parked->next;
    *place = parked;
    parking->count++;
    return true;
}

void parked_leave(struct parked *parked)
{
    if (!parked->parking)
        return;
    look_over(parked);
    line_leave(parked);
    loop_timer_clear(parked->parking->loop, &parked->timer);
    *parked->self = parked->next;
    if (parked->next)
        parked->next->self = parked->self;
    parked->parking->count--;
    parked->parking->asleep -= parked->asleep;
    parked->parking = NULL;
}

void parking_end(struct parking *parking)
{
    parking->over = true;
    for (int i = 0; parking->places && i < PLACES; i++)
        for (struct parked *parked = parking->places[i]; parked; parked = parked->next) {
            parked->until = loop_now(parking->loop);
            settle(parked);
        }
}

int parking_count(const struct parking *parking)
{
    return parking->asleep;
}
