/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/reader.h"
#include "common/json.h"
#include "common/memory.h"
#include <errno.h>
#include <stdarg.h>

static const char *const kinds[] = { REPORT_KIND_WORDS, NULL };
static const char *const types[] = { REPORT_TYPE_WORDS, NULL };
static const char *const charts[] = { REPORT_CHART_WORDS, NULL };

__attribute__((format(printf, 3, 4))) static int refuse(struct reader *reader, int error, const char *format, ...)
{
    autotalloc char *what = NULL;
    va_list list;

    va_start(list, format);
    what = memory_check(talloc_vasprintf(reader, format, list));
    va_end(list);
    reader->why = FORMAT(reader, "Line %lld of the report's data: %s", reader->number, what);
    return error;
}

/* ---- heads ---- */

/* A member that is a text, on ctx; "" when it is not there. */
static const char *text_of(void *ctx, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? COPY(ctx, text) : "";
}

static int column_read(struct reader *reader, const json_t *from, struct column *ret)
{
    int type = report_word(types, json_string_value(json_object_get(from, "type")));
    long long weight = json_integer_value(json_object_get(from, "weight"));

    if (type < 0)
        return refuse(reader, -EINVAL, "a column of no known type");
    *ret = (struct column){
        .title = text_of(reader, from, "title"),
        .name = text_of(reader, from, "name"),
        .type = (enum report_type)type,
        .weight = weight < 1     ? 1
                  : weight > 100 ? 100
                                 : (int)weight,
        .total = json_is_true(json_object_get(from, "total")),
    };
    return 0;
}

static bool column_number(const struct section *section, const json_t *value, int *ret)
{
    long long number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number >= section->column_count)
        return false;
    *ret = (int)number;
    return true;
}

static int chart_read(struct reader *reader, const struct section *section, const json_t *from, struct chart *ret)
{
    int kind = report_word(charts, json_string_value(json_object_get(from, "kind")));
    const json_t *values = json_object_get(from, "values");
    struct chart chart = { .title = text_of(reader, from, "title"), .series = (int)json_array_size(values) };

    if (kind < 0 || chart.series < 1 || chart.series > REPORT_SERIES_MAX ||
        !column_number(section, json_object_get(from, "label"), &chart.label))
        return refuse(reader, -EINVAL, "a chart of no known form");
    for (int i = 0; i < chart.series; i++)
        if (!column_number(section, json_array_get(values, (size_t)i), &chart.values[i]))
            return refuse(reader, -EINVAL, "a chart of a column that is not there");
    chart.kind = (enum report_chart_kind)kind;
    *ret = chart;
    return 0;
}

static int section_read(struct reader *reader, const json_t *from)
{
    const json_t *columns = json_object_get(from, "columns"), *drawn = json_object_get(from, "charts");
    int kind = report_word(kinds, json_string_value(json_object_get(from, "kind"))), r = 0;
    struct section *section = NEW(reader, struct section);

    if (kind < 0)
        return refuse(reader, -EINVAL, "a section of no known kind");
    if (json_array_size(columns) < 1 || json_array_size(columns) > REPORT_COLUMNS_MAX)
        return refuse(reader, -E2BIG, "a section has 1 to %d columns, not %zu", REPORT_COLUMNS_MAX,
                      json_array_size(columns));
    if (json_array_size(drawn) > REPORT_CHARTS_MAX)
        return refuse(reader, -E2BIG, "a section has at most %d charts", REPORT_CHARTS_MAX);
    if (kind == REPORT_FACTS && json_array_size(columns) != 3)
        return refuse(reader, -EINVAL, "facts have three columns");
    if (kind == REPORT_PICTURES && json_array_size(columns) != 2)
        return refuse(reader, -EINVAL, "pictures have two columns");
    section->title = text_of(reader, from, "title");
    section->none = text_of(reader, from, "none");
    section->kind = (enum report_kind)kind;
    for (size_t i = 0; i < json_array_size(columns) && r == 0; i++)
        r = column_read(reader, json_array_get(columns, i), &section->columns[section->column_count++]);
    for (size_t i = 0; i < json_array_size(drawn) && r == 0; i++)
        r = chart_read(reader, section, json_array_get(drawn, i), &section->charts[section->chart_count++]);
    reader->section = section;
    return r < 0 ? r : READER_SECTION;
}

static int head_read(struct reader *reader, const char *line, size_t length, json_t **ret)
{
    const char *why;

    if (json_parse_strict(reader, line, length, ret, &why) < 0 || !json_is_object(*ret))
        return refuse(reader, -EINVAL, "a head that is no JSON object");
    return 0;
}

/* ---- rows ---- */

/* Undo the writing of a cell, in place. Its end, where the next one begins or the line ends. */
static char *cell_read(char *from, const char **ret)
{
    static const char plain[256] = {
        ['t'] = '\t', ['n'] = '\n', ['r'] = '\r', ['b'] = '\b', ['f'] = '\f', ['v'] = '\v'
    };
    char *to = from + strcspn(from, "\t\\"), *at = to;
    bool null = !strncmp(from, "\\N", 2) && (from[2] == '\t' || !from[2]);

    while (*at && *at != '\t') {
        if (*at == '\\' && at[1]) {
            at++;
            *to++ = plain[(unsigned char)*at] ? plain[(unsigned char)*at] : *at;
            at++;
        } else {
            *to++ = *at++;
        }
    }
    *ret = null ? NULL : from;
    from = at;
    if (to != at)
        *to = '\0';
    return from;
}

static int row_read(struct reader *reader)
{
    char *at = reader->line, *end;

    if (!reader->section)
        return refuse(reader, -EINVAL, "a row before any section");
    for (reader->count = 0; *at == '\t'; reader->count++) {
        if (reader->count == reader->section->column_count)
            return refuse(reader, -E2BIG, "a row of more cells than its section has columns");
        end = cell_read(at + 1, &reader->cells[reader->count]);
        *at = '\0'; /* the end of the cell before */
        at = end;
    }
    if (reader->count != reader->section->column_count)
        return refuse(reader, -EINVAL, "a row of fewer cells than its section has columns");
    return READER_ROW;
}

/* ---- lines ---- */

/* The length without the end of line; -ENODATA: there is no more. */
static ssize_t line_read(struct reader *reader)
{
    ssize_t length = getline(&reader->line, &reader->room, reader->from);

    if (length < 0)
        return feof(reader->from) ? -ENODATA : -EIO;
    reader->number++;
    if (length > REPORT_LINE_MAX)
        return refuse(reader, -E2BIG, "is longer than %d bytes", REPORT_LINE_MAX);
    if (reader->line[length - 1] == '\n')
        reader->line[--length] = '\0';
    return memchr(reader->line, '\0', (size_t)length) ? refuse(reader, -EINVAL, "has a NUL byte") : length;
}

int reader_next(struct reader *reader)
{
    ssize_t length = line_read(reader);
    json_auto_t *head = NULL;
    int r;

    if (length == -ENODATA)
        return READER_END;
    if (length < 0)
        return (int)length;
    if (*reader->line == '\t')
        return row_read(reader);
    r = head_read(reader, reader->line, (size_t)length, &head);
    return r < 0 ? r : section_read(reader, head);
}

static int reader_free(struct reader *reader)
{
    if (reader->from)
        fclose(reader->from);
    free(reader->line);
    return 0;
}

static int first_read(struct reader *reader)
{
    ssize_t length = line_read(reader);
    json_auto_t *head = NULL;
    int r;

    if (length < 0)
        return length == -ENODATA ? refuse(reader, -EINVAL, "is missing") : (int)length;
    r = head_read(reader, reader->line, (size_t)length, &head);
    if (r < 0)
        return r;
    reader->head = (struct head){
        .title = text_of(reader, head, "title"),
        .subtitle = text_of(reader, head, "subtitle"),
        .brand = text_of(reader, head, "brand"),
        .owner = text_of(reader, head, "owner"),
        .note = text_of(reader, head, "note"),
        .name = text_of(reader, head, "name"),
        .generated_at = text_of(reader, head, "generated_at"),
    };
    return 0;
}

int reader_open(void *ctx, const char *path, struct reader **ret, const char **ret_why)
{
    struct reader *reader = NEW(ctx, struct reader);
    int r;

    talloc_set_destructor(reader, reader_free);
    reader->cells = memory_check(talloc_zero_array(reader, const char *, REPORT_COLUMNS_MAX));
    reader->from = fopen(path, "re");
    r = reader->from ? first_read(reader) : -errno;
    if (r < 0) {
        *ret_why = COPY(ctx, reader->why ? reader->why : strerror(-r));
        talloc_free(reader);
        return r;
    }
    *ret = reader;
    return 0;
}

int reader_rewind(struct reader *reader)
{
    ssize_t length;

    if (fseek(reader->from, 0, SEEK_SET) < 0)
        return -EIO;
    reader->number = 0;
    reader->section = NULL;
    length = line_read(reader);
    return length < 0 ? -EIO : 0;
}
