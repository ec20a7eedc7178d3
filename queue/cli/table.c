/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/table.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_MAX = 32, GAP = 2 };

/* ---- values ---- */

static unsigned kind_of(const struct column *column)
{
    return column->type & ~(unsigned)COLUMN_HIDDEN;
}

static json_t *value_of(const char *text, unsigned kind)
{
    json_t *value = NULL;

    if (!text)
        return json_null();
    if (kind == COLUMN_NUMBER || kind == COLUMN_AGE)
        return json_integer(strtoll(text, NULL, 10));
    if (kind == COLUMN_FLAG)
        return json_boolean(*text == 't');
    if (kind == COLUMN_JSON || kind == COLUMN_PAIRS)
        value = json_loads(text, JSON_DECODE_ANY, NULL);
    else
        value = json_string(text);
    return value ? value : json_null();
}

json_t *table_value(const struct result *result, int row, const struct column *column)
{
    return value_of(result_text(result, row, column->name), kind_of(column));
}

json_t *table_row(const struct result *result, int row, const struct column *columns)
{
    json_t *object = json_object();

    for (; columns->name; columns++)
        json_object_set_new(object, columns->name, table_value(result, row, columns));
    return object;
}

json_t *table_from(const struct result *result, const struct column *columns)
{
    json_t *rows = json_array();

    for (int row = 0; row < result_rows(result); row++)
        json_array_append_new(rows, table_row(result, row, columns));
    return rows;
}

json_t *table_time(long long ms)
{
    char text[32];
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;

    if (ms <= 0 || !gmtime_r(&seconds, &utc) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc))
        return json_null();
    return json_string(text);
}

/* ---- cells ---- */

char *table_age(void *ctx, long long s)
{
    if (s < 60)
        return FORMAT(ctx, "%llds", s > 0 ? s : 0);
    if (s < 3600)
        return FORMAT(ctx, "%lldm%02llds", s / 60, s % 60);
    if (s < 86400)
        return FORMAT(ctx, "%lldh%02lldm", s / 3600, s % 3600 / 60);
    return FORMAT(ctx, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
}

/* Without what would steer a terminal: control characters, and what is no UTF-8. */
static char *tame(void *ctx, const char *text)
{
    char *tamed = memory_check(talloc_size(ctx, strlen(text) + 1)), *to = tamed;

    while (*text) {
        uint32_t character = 0;
        size_t n = utf8_next(text, &character);

        if (n == 0 || character < 0x20 || (character >= 0x7f && character < 0xa0)) {
            *to++ = '?';
            text += n ? n : 1;
        } else {
            memcpy(to, text, n);
            to += n;
            text += n;
        }
    }
    *to = '\0';
    return tamed;
}

static char *joined(void *ctx, const json_t *object)
{
    char *text = COPY(ctx, "");
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const char *one = table_cell(ctx, &(struct column){ .type = COLUMN_JSON }, value);
        text = memory_check(talloc_asprintf_append(text, "%s%s=%s", *text ? " " : "", name, one));
    }
    return *text ? text : COPY(ctx, "-");
}

char *table_cell(void *ctx, const struct column *column, const json_t *value)
{
    char *dumped, *text;

    if (!value || json_is_null(value))
        return COPY(ctx, "-");
    if (json_is_integer(value) && kind_of(column) == COLUMN_AGE)
        return table_age(ctx, json_integer_value(value));
    if (json_is_boolean(value))
        return COPY(ctx, json_is_true(value) ? "yes" : "no");
    if (json_is_string(value))
        return *json_string_value(value) ? tame(ctx, json_string_value(value)) : COPY(ctx, "-");
    if (json_is_object(value) && kind_of(column) == COLUMN_PAIRS)
        return tame(ctx, joined(ctx, value));
    dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | json_digits(value));
    text = tame(ctx, dumped ? dumped : "");
    free(dumped);
    return text;
}

/* Characters, as a terminal that gives each one place counts. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* ---- tables ---- */

/* Places of a line; 0: as many as it takes. */
static int terminal_width(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return 0;
    return size.ws_col;
}

/* Print a line, at most width characters of it, without the blanks at its end. */
static void print_line(char *line, int width)
{
    size_t end = 0;
    int places = 0;

    for (; line[end]; end++)
        if (((unsigned char)line[end] & 0xc0) != 0x80 && width > 0 && ++places > width)
            break;
    while (end > 0 && line[end - 1] == ' ')
        end--;
    line[end] = '\0';
    puts(line);
}

static char *add_cell(char *line, const struct column *column, const char *text, int width)
{
    bool right = kind_of(column) == COLUMN_NUMBER || kind_of(column) == COLUMN_AGE;
    int blanks = width - width_of(text);

    return memory_check(talloc_asprintf_append_buffer(line, "%*s%s%*s",
                                                      *line   ? GAP + (right ? blanks : 0)
                                                      : right ? blanks
                                                              : 0,
                                                      "", text, right ? 0 : blanks, ""));
}

static const char *head_of(const struct column *column)
{
    return column->head ? column->head : column->name;
}

/* The columns that people see; their number. */
static int shown_columns(const struct column *columns, const struct column **shown)
{
    int n = 0;

    for (; columns->name && n < COLUMNS_MAX; columns++)
        if (!(columns->type & COLUMN_HIDDEN))
            shown[n++] = columns;
    return n;
}

static void print_people(const struct column *columns, const json_t *rows)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct column *shown[COLUMNS_MAX];
    int n = shown_columns(columns, shown), widths[COLUMNS_MAX], width = terminal_width();
    size_t count = json_array_size(rows);
    char **cells = memory_check(talloc_array(ctx, char *, count *(size_t)n + 1));

    for (int i = 0; i < n; i++)
        widths[i] = width_of(head_of(shown[i]));
    for (size_t row = 0; row < count; row++)
        for (int i = 0; i < n; i++) {
            char *cell = table_cell(cells, shown[i], json_object_get(json_array_get(rows, row), shown[i]->name));
            if (width_of(cell) > widths[i])
                widths[i] = width_of(cell);
            cells[row * (size_t)n + (size_t)i] = cell;
        }
    for (size_t row = 0; row <= count; row++) {
        char *line = COPY(ctx, "");
        for (int i = 0; i < n; i++)
            line =
                add_cell(line, shown[i], row ? cells[(row - 1) * (size_t)n + (size_t)i] : head_of(shown[i]), widths[i]);
        print_line(line, width);
        talloc_free(line);
    }
}

static void print_json(const json_t *rows)
{
    size_t count = json_array_size(rows);

    putchar('[');
    for (size_t row = 0; row < count; row++) {
        puts(row ? "," : "");
        json_dumpf(json_array_get(rows, row), stdout, JSON_COMPACT | json_digits(json_array_get(rows, row)));
    }
    puts(count ? "\n]" : "]");
}

void table_print(const struct column *columns, const json_t *rows, bool json)
{
    if (json)
        print_json(rows);
    else
        print_people(columns, rows);
}

void table_show(const struct column *columns, const json_t *object, bool json)
{
    autotalloc void *ctx = talloc_new(NULL);
    int width = 0;

    if (json) {
        json_dumpf(object, stdout, JSON_INDENT(2) | json_digits(object));
        putchar('\n');
        return;
    }
    for (const struct column *column = columns; column->name; column++)
        if (!(column->type & COLUMN_HIDDEN) && width_of(head_of(column)) > width)
            width = width_of(head_of(column));
    for (; columns->name; columns++) {
        const char *cell = table_cell(ctx, columns, json_object_get(object, columns->name));
        if (!(columns->type & COLUMN_HIDDEN) && strcmp(cell, "-") != 0)
            printf("%-*s %s\n", width, head_of(columns), cell);
    }
}
