/* SPDX-License-Identifier: GPL-3.0-or-later
 * Foods in the form that USDA's FoodData Central is published in: a folder with food.csv (a line a food) and
 * food_nutrient.csv (a line a nutrient of one, per 100 g). Both go to PostgreSQL as they are read, however long they
 * are; what they say together takes effect at once, or not at all. */
#include "common/memory.h"
#include "queue/cli/intake.h"
#include "queue/cli/options.h"
#include "sql.h"
#include <string.h>

enum { COLUMNS_MAX = 3 };

/* What is wrong with a value; NULL: nothing. */
typedef const char *value_trouble(const char *value);

/* A file of the publication: which columns of it, what they may hold (NULL: anything), and where they go. */
struct part {
    const char *file, *columns[COLUMNS_MAX + 1];
    value_trouble *troubles[COLUMNS_MAX];
    const char *copy;
    /* Of this column only the lines that say one of these, ends with NULL. */
    int chosen_by;
    const char *const *chosen;
};

static const char digits[] = "0123456789";

/* Energy in kcal (by Atwater's factors, general and specific, where it is not told), protein, carbohydrate, fat. */
static const char *const nutrients[] = { "1008", "2047", "2048", "1003", "1005", "1004", NULL };
/* Not those that are samples of others. */
static const char *const types[] = { "foundation_food", "sr_legacy_food", "survey_fndds_food", "branded_food", NULL };

static const char *number_trouble(const char *value)
{
    size_t length = strlen(value);

    return length > 0 && length <= 12 && strspn(value, digits) == length ? NULL : "is no food's number";
}

/* 12, 0.5, -0.04 (a difference of what was measured), 1.0E-4; empty: it was not measured. */
static const char *amount_trouble(const char *value)
{
    const char *at = value + (*value == '-');
    size_t whole = strspn(at, digits), rest;

    if (!*value)
        return NULL;
    at += whole;
    if (*at == '.') {
        rest = strspn(at + 1, digits);
        at += rest ? 1 + rest : 0;
    }
    if (whole && (*at == 'e' || *at == 'E')) {
        at += at[1] == '-' || at[1] == '+' ? 2 : 1;
        rest = strspn(at, digits);
        at += rest;
        whole = rest == 1 || rest == 2 ? whole : 0;
    }
    return whole && whole <= 12 && !*at && at - value <= 40 ? NULL : "is no amount";
}

static const struct part parts[] = {
    { "food.csv",
      { "fdc_id", "description", "data_type" },
      { number_trouble },
      "copy pg_temp.food_in from stdin",
      2,
      types },
    { "food_nutrient.csv",
      { "fdc_id", "nutrient_id", "amount" },
      { number_trouble, NULL, amount_trouble },
      "copy pg_temp.nutrient_in from stdin",
      1,
      nutrients },
};

static const char tables[] =
    "create temp table food_in (fdc_id text, description text, data_type text) on commit drop;"
    "create temp table nutrient_in (fdc_id text, nutrient_id text, amount text) on commit drop";

/* ---- one file ---- */

static bool is_chosen(const struct part *part, const char *value)
{
    for (const char *const *one = part->chosen; *one; one++)
        if (!strcmp(*one, value))
            return true;
    return false;
}

static int put_record(PGconn *pg, const struct csv *csv, const int places[COLUMNS_MAX])
{
    const char *values[COLUMNS_MAX];

    for (int i = 0; i < COLUMNS_MAX; i++)
        values[i] = csv->fields[places[i]];
    return intake_put(pg, COLUMNS_MAX, values);
}

static int find_places(void *ctx, const struct part *part, const struct csv *csv, int places[COLUMNS_MAX],
                       int *ret_last)
{
    *ret_last = 0;
    for (int i = 0; i < COLUMNS_MAX; i++) {
        places[i] = csv_column(csv, part->columns[i]);
        if (places[i] < 0)
            return complain(part->file, FORMAT(ctx, "there is no column %s", part->columns[i]), FAILED);
        if (places[i] > *ret_last)
            *ret_last = places[i];
    }
    return DONE;
}

/* Whether a line can be read, and of one that is wanted each value: else it says what cannot. */
static int check_record(void *ctx, const struct part *part, const struct csv *csv, const int places[COLUMNS_MAX],
                        int last)
{
    if (csv->count <= last)
        return complain(FORMAT(ctx, "%s, line %ld", part->file, csv->line), "it has too few fields", FAILED);
    for (int i = 0; i < COLUMNS_MAX && is_chosen(part, csv->fields[places[part->chosen_by]]); i++) {
        const char *value = csv->fields[places[i]], *trouble = part->troubles[i] ? part->troubles[i](value) : NULL;

        if (trouble)
            return complain(FORMAT(ctx, "%s, line %ld, column %s", part->file, csv->line, part->columns[i]),
                            FORMAT(ctx, "\"%.40s\" %s; nothing was taken", value, trouble), FAILED);
    }
    return DONE;
}

static int part_send(void *ctx, PGconn *pg, struct csv *csv, const void *closure)
{
    const struct part *part = closure;
    int places[COLUMNS_MAX], last, status, r = csv_read(csv);

    if (r <= 0)
        return r < 0 ? intake_complain_of_line(ctx, part->file, csv, r) : complain(part->file, "it is empty", FAILED);
    status = find_places(ctx, part, csv, places, &last);
    while (status == DONE && (r = csv_read(csv)) == 1) {
        status = check_record(ctx, part, csv, places, last);
        if (status == DONE && is_chosen(part, csv->fields[places[part->chosen_by]]))
            r = put_record(pg, csv, places);
        if (r < 0)
            break;
    }
    return status == DONE && r < 0 ? intake_complain_of_line(ctx, part->file, csv, r) : status;
}

/* ---- all of it ---- */

static int merge(PGconn *pg)
{
    PGresult *result = PQexec(pg, sql_core_food_import.text);
    int status = DONE;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        status = intake_complain(pg);
    else
        printf("%s foods imported, %s left out: without energy, or with values that no food has\n",
               PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    PQclear(result);
    return status == DONE ? intake_run(pg, "commit", PGRES_COMMAND_OK) : status;
}

static int import(struct operation *operation, const char *folder)
{
    PGconn *pg;
    int status = intake_begin(operation, tables, &pg);

    for (size_t i = 0; i < ELEMENTS(parts) && status == DONE; i++)
        status = intake_copy(operation->ctx, pg, FORMAT(operation->ctx, "%s/%s", folder, parts[i].file), parts[i].copy,
                             part_send, &parts[i]);
    if (status == DONE)
        status = merge(pg);
    PQfinish(pg);
    return status;
}

int command_foods(struct operation *operation)
{
    static const struct option_row options[] = { OPTIONS_END };
    static const struct guide guide = {
        "foods",
        "import FOLDER",
        "Take foods into Nutrition's table, from a folder with food.csv and food_nutrient.csv as USDA's\n"
        "FoodData Central publishes them. Those that are there already are brought up to date.",
        options,
        2,
        2
    };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (strcmp(said.words[0], "import") != 0)
        return complain(said.words[0], "is no action: import", USAGE);
    return import(operation, said.words[1]);
}
