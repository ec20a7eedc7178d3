/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/doctor.h"
#include "queue/settings.h"
#include "sql.h"

void check_scheduler(struct doctor *doctor)
{
    if (doctor->gauges.term == 0)
        doctor_say(doctor, BAD, "nobody leads: start millrace-scheduler");
}

void check_queues(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        doctor_turn(doctor, i);
        const struct gauge *gauge = &doctor->gauges.list[i];

        if (!gauge->open)
            doctor_say(doctor, BAD,
                       "%s is closed: Redis is not known to hold all of it; a scheduler opens it within a minute",
                       gauge->queue);
        if (gauge->paused)
            doctor_say(doctor, WARNING, "%s is paused by an operator: millrace resume %s", gauge->queue, gauge->queue);
        if (gauge->refusing)
            doctor_say(doctor, WARNING, "%s takes no more jobs: %s", gauge->queue, gauge->why);
        if (gauge->waiting > 0 && gauge->workers == 0)
            doctor_say(doctor, WARNING, "%s has %lld waiting jobs and no worker: start millrace-worker %s",
                       gauge->queue, gauge->waiting, gauge->queue);
        if (gauge->overdue > 0)
            doctor_say(doctor, BAD, "%s has %lld leases that ran out and that nobody takes: %s", gauge->queue,
                       gauge->overdue, gauge->paused ? "it is paused" : "start workers, or look at their log");
    }
}

/* Tell Redis what goes for a queue, as PostgreSQL has it. */
static bool tell_settings(struct doctor *doctor, const char *queue)
{
    autoresult struct result list = { 0 };
    size_t ignored;
    int row;

    if (database_run(doctor->operation->database, &sql_queue_queue_list, NO_PARAMS, &list) < 0)
        return false;
    row = settings_row(&list, queue);
    return settings_send(doctor->redis, queue, &list, row, &ignored) == 0;
}

/* What operators have said and may not have meant. */
static void check_sense(struct doctor *doctor)
{
    autoresult struct result odd = { 0 };

    if (database_run(doctor->operation->database, &sql_queue_doctor_settings, NO_PARAMS, &odd) < 0)
        doctor_say(doctor, WARNING, "could not be looked at: %s", odd.message);
    for (int i = 0; i < result_rows(&odd); i++) {
        const char *queue = result_text(&odd, i, "queue"), *name = result_text(&odd, i, "name");
        const char *value = result_text(&odd, i, "value");

        if (*result_text(&odd, i, "limiter") == 't')
            doctor_say(doctor, WARNING,
                       "%s: there is no limiter %s, and nothing is limited by it: "
                       "millrace limiter %s RATE BURST",
                       queue, value, value);
        else
            doctor_say(doctor, WARNING,
                       "%s: %s is 0, and nothing that it goes for ever runs: millrace set %s %s takes it back", queue,
                       name, queue, name);
    }
}

void check_settings(struct doctor *doctor)
{
    check_sense(doctor);
    for (size_t i = 0; i < doctor->gauges.count; i++) {
        doctor_turn(doctor, i);
        const struct gauge *gauge = &doctor->gauges.list[i];

        if (gauge->version == gauge->wanted_version)
            continue;
        /* A newer one in Redis than in the database: that was restored, and its settings would be ignored. */
        if (gauge->version > gauge->wanted_version)
            doctor_say(doctor, BAD,
                       "%s: Redis has version %lld of the settings, PostgreSQL only %lld: was it restored? "
                       "Change a setting until it is newer",
                       gauge->queue, gauge->version, gauge->wanted_version);
        else if (!doctor->repair || tell_settings(doctor, gauge->queue))
            doctor_count(
                doctor, gauge->queue, 1,
                FORMAT(doctor->operation->ctx, "version %lld, not %lld", gauge->version, gauge->wanted_version),
                "settings that Redis has not heard of");
        else
            doctor_say(doctor, BAD, "%s: Redis cannot be told of the settings", gauge->queue);
    }
}
