/* SPDX-License-Identifier: GPL-3.0-or-later
 * report.generate before the fence: the rows of a report as lines of one file, read in one look at the database, so
 * that its sums are those of its rows. No more than a row is held at a time. */
#include "common/database_stream.h"
#include "common/json.h"
#include "common/memory.h"
#include "sql.h"
#include "workers/direct/report/report_lines.h"
#include "workers/direct/report/report_types.h"
#include "workers/kinds.h"
#include <errno.h>
#include <sys/stat.h>

/* The job's deadline ends what takes too long. */
static const char begin[] = "begin isolation level repeatable read read only; set local statement_timeout = 0; "
                            "set local idle_in_transaction_session_timeout = 0; set local jit = off";

static const char *const forms[] = { REPORT_FORM_WORDS, NULL };

struct gathering {
    struct job *job;
    const struct report_type_row *type;
    enum report_form form;
    bool charts, receipts;
    const struct param *params;
    struct report_lines lines;
    const struct report_section *section; /* whose rows come */
    int columns[REPORT_COLUMNS_MAX];      /* of the rows; -1: the statement has none of that name */
    bool mapped;
    int pictures;
};

/* ---- rows ---- */

static void columns_map(struct gathering *gathering, const PGresult *rows)
{
    for (int i = 0; gathering->section->columns[i].name; i++)
        gathering->columns[i] = PQfnumber(rows, gathering->section->columns[i].name);
    gathering->mapped = true;
}

static void cell_write(struct gathering *gathering, const PGresult *rows, int row, int column)
{
    bool null = column < 0 || PQgetisnull(rows, row, column);

    report_lines_cell(&gathering->lines, null ? NULL : PQgetvalue(rows, row, column));
}

static int table_row(void *closure, const PGresult *rows)
{
    struct gathering *gathering = closure;

    if (!gathering->mapped)
        columns_map(gathering, rows);
    for (int i = 0; gathering->section->columns[i].name; i++)
        cell_write(gathering, rows, 0, gathering->columns[i]);
    report_lines_end_row(&gathering->lines);
    if (gathering->form == REPORT_PDF && gathering->lines.count > REPORT_PDF_ROWS_MAX)
        return -E2BIG;
    return ferror(gathering->lines.to) ? -EIO : 0;
}

static int fact_row(void *closure, const PGresult *rows)
{
    static const char *const names[] = { "label", "type", "value" };
    struct gathering *gathering = closure;

    for (size_t i = 0; i < ELEMENTS(names); i++)
        cell_write(gathering, rows, 0, PQfnumber(rows, names[i]));
    report_lines_end_row(&gathering->lines);
    return 0;
}

/* A picture goes into the folder as it is: what it is, the other side of the fence finds out. */
static int picture_row(void *closure, const PGresult *rows)
{
    struct gathering *gathering = closure;
    autotalloc char *name = FORMAT(NULL, "picture-%d", gathering->pictures);
    int file = PQfnumber(rows, "file"), r;

    if (gathering->pictures++ == REPORT_PICTURES_MAX) {
        report_lines_cell(&gathering->lines, "There are more receipts than a report shows.");
        report_lines_cell(&gathering->lines, NULL);
        report_lines_end_row(&gathering->lines);
        return 0;
    }
    r = job_input(gathering->job, PQgetvalue(rows, 0, file), name, REPORT_PICTURE_MAX);
    if (r < 0 && r != -ENOENT && r != -EFBIG)
        return r;
    cell_write(gathering, rows, 0, PQfnumber(rows, "caption"));
    report_lines_cell(&gathering->lines, r < 0 ? NULL : name);
    report_lines_end_row(&gathering->lines);
    return 0;
}

static database_row_fn *const row_fns[REPORT_KINDS] = {
    [REPORT_FACTS] = fact_row,
    [REPORT_TABLE] = table_row,
    [REPORT_PICTURES] = picture_row,
};

/* ---- sections ---- */

static bool is_wanted(const struct gathering *gathering, const struct report_section *section)
{
    if (gathering->form == REPORT_CSV)
        return section->main;
    return section->kind != REPORT_PICTURES || (gathering->form == REPORT_PDF && gathering->receipts);
}

/* 0, or what says how the attempt ended. */
static int section_gather(struct gathering *gathering, const struct report_section *section)
{
    struct result result;
    int r;

    gathering->section = section;
    gathering->mapped = false;
    report_lines_section(&gathering->lines, section, gathering->charts);
    r = database_stream(gathering->job->tools->database, section->sql, gathering->params, row_fns[section->kind],
                        gathering, &result);
    if (r == -E2BIG)
        return job_bury(gathering->job,
                        "the report cannot be made: A PDF has at most %d rows; CSV and JSON have any number",
                        REPORT_PDF_ROWS_MAX);
    if (r < 0)
        return job_release(gathering->job, -1, "%s: %s", section->sql->name,
                           result.error ? result.message : strerror(-r));
    return 0;
}

static int head_gather(struct gathering *gathering)
{
    static const char *const names[] = { "subtitle", "brand", "owner", "note", "name", "generated_at" };
    const struct sql *sql = gathering->type->head;
    struct param members[ELEMENTS(names) + 2] = { { "title", gathering->type->title } };
    autoresult struct result result = { 0 };

    if (database_run(gathering->job->tools->database, sql, gathering->params, &result) < 0)
        return job_release(gathering->job, -1, "%s: %s", sql->name, result.message);
    if (result_rows(&result) == 0)
        return job_bury(gathering->job, "there is no such account any more");
    for (size_t i = 0; i < ELEMENTS(names); i++)
        members[i + 1] = (struct param){ names[i], result_text(&result, 0, names[i]) };
    report_lines_head(&gathering->lines, members);
    return 0;
}

static int all_gather(struct gathering *gathering)
{
    struct job *job = gathering->job;
    autoresult struct result result = { 0 };
    int r;

    if (database_script(job->tools->database, begin, &result) < 0)
        return job_release(job, -1, "the database: %s", result.message);
    r = head_gather(gathering);
    for (const struct report_section *section = gathering->type->sections; r == 0 && section->title; section++)
        if (is_wanted(gathering, section))
            r = section_gather(gathering, section);
    result_clear(&result);
    if (r == 0 && database_script(job->tools->database, "commit", &result) < 0)
        return job_release(job, -1, "the database: %s", result.message);
    return r; /* else the connection, the child's own, ends with it */
}

static int gather_into(struct gathering *gathering)
{
    struct job *job = gathering->job;
    autotalloc char *folder = FORMAT(NULL, "%s/in", job->folder), *path = FORMAT(NULL, "%s/" REPORT_FILE, folder);
    int r = mkdir(folder, 0700) < 0 ? -errno : report_lines_open(path, &gathering->lines), closed;

    if (r < 0)
        return r;
    r = all_gather(gathering);
    closed = report_lines_close(&gathering->lines);
    if (r != 0)
        return r;
    if (closed == 0)
        job->result = json_pack("{sI}", "lines", (json_int_t)gathering->lines.count);
    return closed;
}

static bool is_said(const json_t *options, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(options, name);

    return value ? json_is_true(value) : otherwise;
}

int report_gather(struct job *job)
{
    const json_t *options = json_object_get(job->args, "options"), *filters = json_object_get(job->args, "filters");
    const char *name = job_text(job, "report");
    const struct param *params =
        PARAMS({ "account_id", FORMAT(job, "%lld", job->account_id) }, { "product", job->product },
               { "report_type", name }, { "filters", filters ? json_text(job, filters) : "{}" },
               { "group_by", json_string_value(json_object_get(options, "group_by")) });
    struct gathering gathering = { .job = job, .type = report_type_find(job->product, name), .params = params };
    int form = report_word(forms, job_text(job, "format"));

    if (!gathering.type || form < 0)
        return job_bury(job, "there is no such report");
    gathering.form = (enum report_form)form;
    gathering.charts = is_said(options, "include_charts", true);
    gathering.receipts = is_said(options, "include_receipts", false);
    return gather_into(&gathering);
}
