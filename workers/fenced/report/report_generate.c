/* SPDX-License-Identifier: GPL-3.0-or-later
 * report.generate behind the fence: what gather has left becomes one file. */
#include "common/memory.h"
#include "workers/fenced/report/document.h"
#include "workers/fenced/report/plain.h"
#include "workers/kinds.h"
#include <errno.h>
#include <sys/stat.h>

static const char *const forms[] = { REPORT_FORM_WORDS, NULL };

enum { GATHERED = 40, PREPARED = 45 }; /* percent */

struct making {
    struct job *job;
    long long lines; /* in all, as far as gather has said */
    const char *why; /* of a failure */
};

static void told(void *closure, long long lines)
{
    const struct making *making = closure;

    if (making->lines > 0)
        job_progress(making->job, PREPARED + (int)((99 - PREPARED) * (lines < making->lines ? lines : making->lines) /
                                                   making->lines));
}

/* ---- PDF ---- */

static int pdf_make(struct making *making, struct reader *reader, const char *path)
{
    struct document document = { .reader = reader, .folder = "in", .told = told, .closure = making };
    struct fonts *fonts;
    int r = fonts_new(making->job, "in/fonts.conf", &fonts);

    if (r < 0)
        return r;
    r = survey_make(making->job, reader, fonts, &document.survey, &making->why);
    if (r == 0)
        r = fonts_load(fonts, &document.map);
    if (r == 0) {
        job_progress(making->job, PREPARED);
        making->lines = document.survey->rows;
        document.families = fonts_families(fonts);
        r = document_write(making->job, &document, path, &making->why);
    }
    if (r == 0)
        json_object_set_new(making->job->result, "pages", json_integer(document.pages));
    return r;
}

/* ---- CSV and JSON ---- */

static int plain_make(struct making *making, struct reader *reader, const char *path,
                      int (*write)(struct reader *, FILE *, plain_told_fn *, void *))
{
    FILE *to = fopen(path, "we");
    int r, ended;

    if (!to)
        return -errno;
    r = write(reader, to, told, making);
    ended = fclose(to) ? -errno : 0;
    if (reader->why)
        making->why = COPY(making->job, reader->why);
    return r < 0 ? r : ended;
}

static int csv_make(struct making *making, struct reader *reader, const char *path)
{
    return plain_make(making, reader, path, csv_write);
}

static int json_make(struct making *making, struct reader *reader, const char *path)
{
    return plain_make(making, reader, path, json_write);
}

static const struct {
    const char *end, *type;
    int (*make)(struct making *making, struct reader *reader, const char *path);
} ways[REPORT_FORMS] = {
    [REPORT_PDF] = { "pdf", "application/pdf", pdf_make },
    [REPORT_CSV] = { "csv", "text/csv", csv_make },
    [REPORT_JSON] = { "json", "application/json", json_make },
};

/* ---- the kind ---- */

/* What is the data's fault, or too much for the form, no other try would mend. */
static int failed(struct making *making, int r)
{
    if (r == -EINVAL || r == -E2BIG || r == -EFBIG)
        return job_bury(making->job, "the report cannot be made: %s", making->why ? making->why : strerror(-r));
    return job_release(making->job, -1, "the report was not made: %s", making->why ? making->why : strerror(-r));
}

int report_generate(struct job *job)
{
    struct making making = { .job = job, .lines = json_integer_value(json_object_get(job->gathered, "lines")) };
    int form = report_word(forms, job_text(job, "format"));
    struct reader *reader;
    struct stat status;
    const char *file;
    int r;

    if (form < 0)
        return job_bury(job, "there is no such form of a report");
    job_progress(job, GATHERED);
    r = reader_open(job, "in/" REPORT_FILE, &reader, &making.why);
    if (r < 0)
        return failed(&making, r);
    file = FORMAT(job, "report.%s", ways[form].end);
    job->result = json_pack("{ss ss ss}", "file", file, "type", ways[form].type, "name", reader->head.name);
    r = ways[form].make(&making, reader, file);
    if (r < 0)
        return failed(&making, r);
    if (stat(file, &status) < 0)
        return -errno;
    json_object_set_new(job->result, "size", json_integer(status.st_size));
    return 0;
}
