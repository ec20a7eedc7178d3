/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/report/report_lines.h"
#include "common/json.h"
#include <errno.h>
#include <fcntl.h>

static const char *const kinds[] = { REPORT_KIND_WORDS };
static const char *const types[] = { REPORT_TYPE_WORDS };
static const char *const chart_kinds[] = { REPORT_CHART_WORDS };

static const struct report_column fact_columns[] = {
    { .name = "label", .title = "Figure" },
    { .name = "type", .title = "Type" },
    { .name = "value", .title = "Value" },
    { .name = NULL },
};
static const struct report_column picture_columns[] = {
    { .name = "caption", .title = "Caption" },
    { .name = "file", .title = "File" },
    { .name = NULL },
};

int report_lines_open(const char *path, struct report_lines *ret)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    *ret = (struct report_lines){ .to = fdopen(fd, "w") };
    return ret->to ? 0 : -errno;
}

static void object_write(struct report_lines *lines, const json_t *object)
{
    json_dumpf(object, lines->to, JSON_COMPACT);
    putc_unlocked('\n', lines->to);
}

void report_lines_head(struct report_lines *lines, const struct param *members)
{
    json_auto_t *head = json_object();

    for (; members->name; members++)
        json_object_set_new(head, members->name, json_string(members->value ? members->value : ""));
    object_write(lines, head);
}

static const struct report_column *columns_of(const struct report_section *section)
{
    return section->kind == REPORT_FACTS      ? fact_columns
           : section->kind == REPORT_PICTURES ? picture_columns
                                              : section->columns;
}

static int column_number(const struct report_column *columns, const char *name)
{
    int i = 0;

    while (columns[i].name && strcmp(columns[i].name, name) != 0)
        i++;
    return i;
}

static json_t *chart_json(const struct report_chart *chart, const struct report_column *columns)
{
    json_t *values = json_array();

    for (const char *const *value = chart->values; *value; value++)
        json_array_append_new(values, json_integer(column_number(columns, *value)));
    return json_pack("{ss ss si so}", "kind", chart_kinds[chart->kind], "title", chart->title, "label",
                     column_number(columns, chart->label), "values", values);
}

void report_lines_section(struct report_lines *lines, const struct report_section *section, bool charts)
{
    const struct report_column *columns = columns_of(section);
    json_t *told = json_array(), *drawn = json_array();
    json_auto_t *head = json_pack("{ss ss ss so so}", "title", section->title, "kind", kinds[section->kind], "none",
                                  section->none ? section->none : "", "columns", told, "charts", drawn);

    for (const struct report_column *column = columns; column->name; column++)
        json_array_append_new(told, json_pack("{ss ss ss si sb}", "title", column->title, "name", column->name, "type",
                                              types[column->type], "weight", column->weight ? column->weight : 1,
                                              "total", column->total));
    for (const struct report_chart *chart = charts ? section->charts : NULL; chart && chart->title; chart++)
        json_array_append_new(drawn, chart_json(chart, columns));
    object_write(lines, head);
}

/* The characters that are written with a backslash, and what stands behind it. */
static char escaped(char c)
{
    return c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\\' ? '\\' : 0;
}

void report_lines_cell(struct report_lines *lines, const char *text)
{
    putc_unlocked('\t', lines->to);
    if (!text) {
        fputs("\\N", lines->to);
        return;
    }
    while (*text) {
        size_t plain = strcspn(text, "\t\n\r\\");

        fwrite(text, 1, plain, lines->to);
        text += plain;
        if (*text) {
            putc_unlocked('\\', lines->to);
            putc_unlocked(escaped(*text++), lines->to);
        }
    }
}

void report_lines_end_row(struct report_lines *lines)
{
    putc_unlocked('\n', lines->to);
    lines->count++;
}

int report_lines_close(struct report_lines *lines)
{
    int r = ferror(lines->to) ? -EIO : 0;

    if (fclose(lines->to) && r == 0)
        r = -errno;
    lines->to = NULL;
    return r;
}
