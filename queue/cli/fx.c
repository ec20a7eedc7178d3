/* SPDX-License-Identifier: GPL-3.0-or-later
 * Exchange rates of the Expense Tracker, from a CSV file of one of two forms: date,currency,usd (a line a rate: what
 * one unit was worth in US dollars), or eurofxref-hist.csv as the European Central Bank publishes it every day (a line
 * a day, a column a currency: units for one euro). What a file says takes effect at once, or not at all. */
#include "common/clock.h"
#include "common/currency.h"
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/intake.h"
#include "queue/cli/options.h"
#include "queue/cli/table.h"
#include "sql.h"
#include <string.h>
#include <time.h>

enum { OF_DAY, OF_CURRENCY, OF_RATE };
/* What each line that is put has, in the order of the table: usd for so many units. */
enum { IN_LINE, IN_DAY, IN_CURRENCY, IN_USD, IN_UNITS, IN_COUNT };

static const char table[] =
    "create temp table fx_in (line bigint, day date, currency text, usd numeric, units numeric) "
    "on commit drop";

static const struct field values[] = {
    [OF_DAY] = { .name = "date", .type = DATE, .flags = REQUIRED },
    [OF_CURRENCY] = { .name = "currency", .type = CURRENCY, .flags = REQUIRED },
    [OF_RATE] = { .name = "usd", .type = DECIMAL, .flags = REQUIRED | POSITIVE, .max = 1000000, .scale = 12 },
    { .name = NULL },
};

/* A file that is read. */
struct reading {
    void *ctx;
    PGconn *pg;
    struct csv *csv;
    const char *path, *today;
};

/* How a form's lines are read: its head has the columns that tell it. */
struct form {
    const char *const *columns;
    int (*read)(const struct reading *reading);
};

static const char *today(void *ctx)
{
    char text[sizeof "2024-01-15"];
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm day;

    strftime(text, sizeof text, "%Y-%m-%d", gmtime_r(&now, &day));
    return COPY(ctx, text);
}

/* ---- values ---- */

static int complain_of_value(const struct reading *reading, const char *column, const char *value, const char *why)
{
    return complain(FORMAT(reading->ctx, "%s, line %ld, column %s", reading->path, reading->csv->line, column),
                    FORMAT(reading->ctx, "\"%.40s\" %s; nothing was taken", value, why), FAILED);
}

/* Check one, of that column of the file; what the database is told of it in *ret. */
static int check(const struct reading *reading, int which, const char *column, const char *value, const char **ret)
{
    struct field_errors errors = { 0 };

    if (!field_check_text(reading->ctx, &values[which], column, value, &errors, ret))
        return complain_of_value(reading, column, value, errors.list[0].message);
    if (which == OF_DAY && strcmp(value, reading->today) > 0)
        return complain_of_value(reading, column, value, "is still to come");
    if (which == OF_CURRENCY && !strcmp(*ret, "USD"))
        return complain_of_value(reading, column, value, "is what all others are told in");
    return DONE;
}

static int put(const struct reading *reading, const char *day, const char *currency, const char *usd, const char *units)
{
    int r = intake_put(reading->pg, IN_COUNT,
                       (const char *const[IN_COUNT]){ [IN_LINE] = FORMAT(reading->ctx, "%ld", reading->csv->line),
                                                      [IN_DAY] = day,
                                                      [IN_CURRENCY] = currency,
                                                      [IN_USD] = usd,
                                                      [IN_UNITS] = units });

    return r < 0 ? intake_complain_of_line(reading->ctx, reading->path, reading->csv, r) : DONE;
}

/* ---- the two forms ---- */

/* Whether there is another line, with all the fields that are looked at; else *ret_status is what the reading comes to.
 */
static bool next_line(const struct reading *reading, int fields, int *ret_status)
{
    int r = csv_read(reading->csv);

    if (r <= 0)
        *ret_status = r < 0 ? intake_complain_of_line(reading->ctx, reading->path, reading->csv, r) : DONE;
    else if (reading->csv->count < fields)
        *ret_status = complain(FORMAT(reading->ctx, "%s, line %ld", reading->path, reading->csv->line),
                               "it has too few fields; nothing was taken", FAILED);
    else
        return true;
    return false;
}

static const char *const plain_columns[] = { [OF_DAY] = "date", [OF_CURRENCY] = "currency", [OF_RATE] = "usd", NULL };

static int plain_read(const struct reading *reading)
{
    int places[OF_RATE + 1], fields = 0, status = DONE;

    for (int i = OF_DAY; i <= OF_RATE; i++) {
        places[i] = csv_column(reading->csv, plain_columns[i]);
        fields = places[i] < fields ? fields : places[i] + 1;
    }
    while (status == DONE && next_line(reading, fields, &status)) {
        struct reading line = { talloc_new(reading->ctx), reading->pg, reading->csv, reading->path, reading->today };
        const char *told[OF_RATE + 1];

        for (int i = OF_DAY; i <= OF_RATE && status == DONE; i++)
            status = check(&line, i, plain_columns[i], reading->csv->fields[places[i]], &told[i]);
        if (status == DONE)
            status = put(&line, told[OF_DAY], told[OF_CURRENCY], told[OF_RATE], "1");
        talloc_free(line.ctx);
    }
    return status;
}

static const char *const bank_columns[] = { "Date", "USD", NULL };

/* Where nothing is known the bank says so. */
static bool is_told(const char *value)
{
    return *value && strcmp(value, "N/A") != 0;
}

/* One day: what a euro was worth, and by that the others. Currencies that are money no more are passed over. */
static int bank_day(const struct reading *line, char *const heads[], int count, int day_place, int usd_place)
{
    char *const *fields = line->csv->fields;
    const char *day, *usd, *units;
    int status = check(line, OF_DAY, "Date", fields[day_place], &day);

    if (status != DONE || !is_told(fields[usd_place]))
        return status;
    status = check(line, OF_RATE, "USD", fields[usd_place], &usd);
    if (status == DONE)
        status = put(line, day, "EUR", usd, "1");
    for (int i = 0; i < count && status == DONE; i++) {
        if (i == usd_place || currency_digits(heads[i]) < 0 || !is_told(fields[i]))
            continue;
        status = check(line, OF_RATE, heads[i], fields[i], &units);
        if (status == DONE)
            status = put(line, day, heads[i], usd, units);
    }
    return status;
}

static int bank_read(const struct reading *reading)
{
    char *heads[CSV_FIELDS_MAX];
    int count = reading->csv->count, status = DONE;
    int day = csv_column(reading->csv, "Date"), usd = csv_column(reading->csv, "USD");

    for (int i = 0; i < count; i++)
        heads[i] = COPY(reading->ctx, reading->csv->fields[i]);
    while (status == DONE && next_line(reading, count, &status)) {
        struct reading line = { talloc_new(reading->ctx), reading->pg, reading->csv, reading->path, reading->today };

        status = bank_day(&line, heads, count, day, usd);
        talloc_free(line.ctx);
    }
    return status;
}

static const struct form forms[] = { { plain_columns, plain_read }, { bank_columns, bank_read } };

static bool has_columns(const struct csv *csv, const char *const *columns)
{
    for (; *columns; columns++)
        if (csv_column(csv, *columns) < 0)
            return false;
    return true;
}

static int file_read(void *ctx, PGconn *pg, struct csv *csv, const void *path)
{
    struct reading reading = { ctx, pg, csv, path, today(ctx) };
    int r = csv_read(csv);

    if (r <= 0)
        return r < 0 ? intake_complain_of_line(ctx, path, csv, r) : complain(path, "it is empty", FAILED);
    for (size_t i = 0; i < ELEMENTS(forms); i++)
        if (has_columns(csv, forms[i].columns))
            return forms[i].read(&reading);
    return complain(path, "there are no columns date, currency and usd, nor Date and USD as the bank has them", FAILED);
}

/* ---- import ---- */

/* What was read takes effect, unless it tells a rate twice. */
static int merge(void *ctx, PGconn *pg, const char *path)
{
    PGresult *result = PQexec(pg, sql_core_fx_import.text);
    int status = DONE;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        status = intake_complain(pg);
    else if (!PQgetisnull(result, 0, PQfnumber(result, "again")))
        status = complain(FORMAT(ctx, "%s, line %s", path, PQgetvalue(result, 0, PQfnumber(result, "again"))),
                          "tells a rate that was told before; nothing was taken", FAILED);
    else
        status = intake_run(pg, "commit", PGRES_COMMAND_OK);
    if (status == DONE)
        printf("%s rates of %s currencies, %s of them new or other than before\n", PQgetvalue(result, 0, 0),
               PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2));
    PQclear(result);
    return status;
}

static int import(struct operation *operation, const char *path)
{
    PGconn *pg;
    int status = intake_begin(operation, table, &pg);

    if (status == DONE)
        status = intake_copy(operation->ctx, pg, path, "copy pg_temp.fx_in from stdin", file_read, path);
    if (status == DONE)
        status = merge(operation->ctx, pg, path);
    PQfinish(pg);
    return status;
}

/* ---- list ---- */

static const struct column columns[] = {
    { "currency", COLUMN_TEXT, NULL },
    { "date", COLUMN_TEXT, NULL },
    { "usd", COLUMN_TEXT, NULL },
    { .name = NULL },
};

static int list(struct operation *operation, const char *currency, const char *limit, bool json)
{
    autoresult struct result found = { 0 };
    struct field_errors errors = { 0 };
    json_auto_t *rows = NULL;
    const char *code = NULL;

    if (currency && !field_check_text(operation->ctx, &values[OF_CURRENCY], "CURRENCY", currency, &errors, &code))
        return complain(currency, errors.list[0].message, USAGE);
    if (database_run(operation->database, &sql_core_fx_list, PARAMS({ "currency", code }, { "limit", limit }), &found) <
        0)
        return complain_of("PostgreSQL", &found);
    rows = table_from(&found, columns);
    table_print(columns, rows, json);
    return DONE;
}

int command_fx(struct operation *operation)
{
    enum { LIMIT, JSON };
    static const struct option_row options[] = {
        [LIMIT] = OPTION_LIMIT("30", "of one currency, how many days"),
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = { "fx",
                                        "ACTION [WORD]",
                                        "Exchange rates of the Expense Tracker.\n"
                                        "\n"
                                        "  import FILE       take them from a CSV file: date,currency,usd, or\n"
                                        "                    eurofxref-hist.csv of the European Central Bank\n"
                                        "  list              show the newest of each currency\n"
                                        "  list CURRENCY     show the newest of one",
                                        options,
                                        1,
                                        2 };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (!strcmp(said.words[0], "list"))
        return list(operation, said.words[1], said.values[LIMIT], said.values[JSON]);
    if (strcmp(said.words[0], "import") != 0)
        return complain(said.words[0], "is no action: import, list", USAGE);
    return said.count > 1 ? import(operation, said.words[1]) : complain("fx import", "which? Say FILE", USAGE);
}
