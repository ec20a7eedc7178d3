/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reports: the lines they are made of, what cells look like, and what becomes of pictures. */
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/direct/report/report_lines.h"
#include "workers/fenced/report/format.h"
#include "workers/fenced/report/picture.h"
#include "workers/fenced/report/plain.h"
#include "workers/fenced/report/scale.h"
#include <errno.h>
#include <unistd.h>

/* ---- a file of lines ---- */

static char path[64];

static void written(const char *text)
{
    FILE *to;

    snprintf(path, sizeof path, "/tmp/report-lines-%d", (int)getpid());
    to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    fputs(text, to);
    ck_assert_int_eq(fclose(to), 0);
}

#define HEAD "{\"title\":\"T\",\"name\":\"n\"}\n"
#define SECTION                                                                                                        \
    "{\"title\":\"S\",\"kind\":\"table\",\"columns\":[{\"title\":\"A\",\"type\":\"text\"},{\"title\":\"B\",\"type\":\"money\"}]}\n"

/* What the first line that breaks the rules gives, or 0. */
static int read_through(void *ctx, const char *text, const char **ret_why)
{
    struct reader *reader;
    int r;

    *ret_why = "";
    written(text);
    r = reader_open(ctx, path, &reader, ret_why);
    if (r == 0) {
        while ((r = reader_next(reader)) > 0)
            continue;
        *ret_why = reader->why ? COPY(ctx, reader->why) : "";
        talloc_free(reader);
    }
    unlink(path);
    return r;
}

START_TEST(cells_come_back_as_they_were_written)
{
    static const char *const cells[] = { "plain", "", NULL, "\\N", "a\tb\nc\r\\d", "\xd8\xb9 \xf0\x9f\x98\x80" };
    static const struct report_column columns[] = {
        { .name = "a", .title = "A" },
        { .name = "b", .title = "B" },
        { .name = "c", .title = "C" },
        { .name = "d", .title = "D" },
        { .name = "e", .title = "E" },
        { .name = "f", .title = "F" },
        { .name = NULL },
    };
    static const struct report_section section = { .title = "S", .kind = REPORT_TABLE, .columns = columns };
    autotalloc void *ctx = talloc_new(NULL);
    struct report_lines lines;
    struct reader *reader;
    const char *why;

    snprintf(path, sizeof path, "/tmp/report-cells-%d", (int)getpid());
    ck_assert_int_eq(report_lines_open(path, &lines), 0);
    report_lines_head(&lines, PARAMS({ "title", "A \"title\"" }));
    report_lines_section(&lines, &section, true);
    for (size_t i = 0; i < ELEMENTS(cells); i++)
        report_lines_cell(&lines, cells[i]);
    report_lines_end_row(&lines);
    ck_assert_int_eq(report_lines_close(&lines), 0);
    ck_assert_int_eq(reader_open(ctx, path, &reader, &why), 0);
    ck_assert_str_eq(reader->head.title, "A \"title\"");
    ck_assert_int_eq(reader_next(reader), READER_SECTION);
    for (int pass = 0; pass < 2; pass++) {
        ck_assert_int_eq(reader_next(reader), READER_ROW);
        for (size_t i = 0; i < ELEMENTS(cells); i++)
            ck_assert_msg(cells[i] ? reader->cells[i] && !strcmp(reader->cells[i], cells[i]) : !reader->cells[i],
                          "cell %zu", i);
        ck_assert_int_eq(reader_next(reader), READER_END);
        ck_assert_int_eq(reader_rewind(reader), 0);
        ck_assert_int_eq(reader_next(reader), READER_SECTION);
    }
    unlink(path);
}
END_TEST

static const struct {
    const char *text, *why;
    int r;
} broken[] = {
    { HEAD SECTION "\ta\t1 EUR\n", "", 0 },
    { "", "is missing", -EINVAL },
    { "\ta\n", "no JSON object", -EINVAL },
    { HEAD "\ta\tb\n", "before any section", -EINVAL },
    { HEAD SECTION "\ta\n", "fewer cells", -EINVAL },
    { HEAD SECTION "\ta\tb\tc\n", "more cells", -E2BIG },
    { HEAD "{\"kind\":\"trick\",\"columns\":[{\"type\":\"text\"}]}\n", "known kind", -EINVAL },
    { HEAD "{\"kind\":\"table\",\"columns\":[{\"type\":\"code\"}]}\n", "known type", -EINVAL },
    { HEAD "{\"kind\":\"table\",\"columns\":[]}\n", "columns", -E2BIG },
    { HEAD "{\"kind\":\"facts\",\"columns\":[{\"type\":\"text\"}]}\n", "three columns", -EINVAL },
    { HEAD
      "{\"kind\":\"table\",\"columns\":[{\"type\":\"text\"}],\"charts\":[{\"kind\":\"pie\",\"label\":0,\"values\":[9]}]}\n",
      "not there", -EINVAL },
    { HEAD
      "{\"kind\":\"table\",\"columns\":[{\"type\":\"text\"}],\"charts\":[{\"kind\":\"pie\",\"label\":-1,\"values\":[0]}]}\n",
      "known form", -EINVAL },
    { HEAD "garbage\n", "no JSON object", -EINVAL },
};

START_TEST(lines_that_break_the_format_are_refused)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *why;

    ck_assert_msg(read_through(ctx, broken[_i].text, &why) == broken[_i].r, "%s: %s", broken[_i].text, why);
    ck_assert_msg(strstr(why, broken[_i].why), "%s", why);
}
END_TEST

START_TEST(a_hundred_thousand_columns_are_refused)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *text = COPY(ctx, HEAD "{\"kind\":\"table\",\"columns\":[{\"type\":\"text\"}");
    size_t length = strlen(text), more = strlen(",{\"type\":\"text\"}");
    const char *why;

    text = memory_check(talloc_realloc(ctx, text, char, length + 100000 * more + 8));
    for (int i = 0; i < 100000; i++)
        memcpy(text + length + (size_t)i * more, ",{\"type\":\"text\"}", more);
    memcpy(text + length + 100000 * more, "]}\n", 4);
    ck_assert_int_eq(read_through(ctx, text, &why), -E2BIG);
    ck_assert_msg(strstr(why, "not 100001"), "%s", why);
}
END_TEST

/* ---- cells ---- */

static const struct {
    enum report_type type;
    const char *cell, *shown;
} cells_as_shown[] = {
    { REPORT_MONEY, "0 EUR", "0.00 EUR" },
    { REPORT_MONEY, "5 USD", "0.05 USD" },
    { REPORT_MONEY, "-5 USD", "-0.05 USD" },
    { REPORT_MONEY, "123456789 JPY", "123,456,789 JPY" },
    { REPORT_MONEY, "1234567 KWD", "1,234.567 KWD" },
    { REPORT_MONEY, "9223372036854775807 EUR", "92,233,720,368,547,758.07 EUR" },
    { REPORT_MONEY, "-9223372036854775808 EUR", "-92,233,720,368,547,758.08 EUR" },
    { REPORT_MONEY, "9223372036854775808 EUR", "9223372036854775808 EUR" },
    { REPORT_MONEY, "12 XXQ", "12 XXQ" },
    { REPORT_MONEY, "1.5 EUR", "1.5 EUR" },
    { REPORT_INTEGER, "999", "999" },
    { REPORT_INTEGER, "-1000", "-1,000" },
    { REPORT_INTEGER, "many", "many" },
    { REPORT_PERCENT, "38.4", "38.4 %" },
    { REPORT_DATE, "2024-02-29", "29 Feb 2024" },
    { REPORT_DATE, "2024-13-01", "2024-13-01" },
    { REPORT_DATE, "today", "today" },
    { REPORT_TEXT, "=1", "=1" },
    { REPORT_TEXT, NULL, "" },
};

START_TEST(a_cell_as_it_is_shown)
{
    autotalloc void *ctx = talloc_new(NULL);

    ck_assert_str_eq(cell_shown(ctx, cells_as_shown[_i].type, cells_as_shown[_i].cell), cells_as_shown[_i].shown);
}
END_TEST

START_TEST(text_is_cleaned)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *plain = "plain";

    ck_assert_ptr_eq(text_clean(ctx, plain, 5), plain);
    ck_assert_str_eq(text_clean(ctx, "a\tb\nc", 9), "a b c");
    ck_assert_str_eq(text_clean(ctx, "a\x01\x1b", 9), "a\xef\xbf\xbd\xef\xbf\xbd");
    ck_assert_str_eq(text_clean(ctx, "\xff\xc3", 9), "\xef\xbf\xbd\xef\xbf\xbd");
    ck_assert_str_eq(text_clean(ctx, "abcdef", 3), "abc\xe2\x80\xa6");
    ck_assert_str_eq(text_clean(ctx, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 2),
                     "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xe2\x80\xa6");
}
END_TEST

static const struct {
    const char *text, *written;
} fields[] = {
    { "", "" },
    { "a b", "a b" },
    { "a,b", "\"a,b\"" },
    { "say \"x\"", "\"say \"\"x\"\"\"" },
    { "a\r\nb", "\"a\r\nb\"" },
    { "=1+1", "\"'=1+1\"" },
    { "+1", "+1" },
    { "-1.50", "-1.50" },
    { "-1.5.0", "\"'-1.5.0\"" },
    { "-", "\"'-\"" },
    { "@x", "\"'@x\"" },
    { "\tx", "\"'\tx\"" },
    { "\xef\xbc\x9dx", "\"'\xef\xbc\x9dx\"" },
    { "a=1", "a=1" },
    { "+", "\"'+\"" },
    { "+1-cmd", "\"'+1-cmd\"" },
};

START_TEST(a_field_of_a_csv)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);

    csv_cell(to, fields[_i].text);
    fclose(to);
    ck_assert_str_eq(text, fields[_i].written);
    free(text);
}
END_TEST

/* ---- axes ---- */

static const struct {
    double low, high;
    int wanted;
    double from, to, step;
    const char *last;
} axes[] = {
    { 0, 890.12, 4, 0, 1000, 500, "1,000" }, { 0, 400, 4, 0, 400, 100, "400" },
    { -45.67, 40, 4, -50, 50, 50, "50" },    { 5, 9, 4, 0, 10, 5, "10" },
    { 0, 0.31, 4, 0, 0.4, 0.1, "0.4" },      { 0, 0, 4, 0, 1, 0.5, "1.0" },
    { 0, 2300000, 4, 0, 3e6, 1e6, "3M" },    { -10, -1, 2, -10, 0, 5, "0" },
};

START_TEST(an_axis_goes_in_round_steps)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct scale scale = scale_make(axes[_i].low, axes[_i].high, axes[_i].wanted);

    ck_assert_double_eq_tol(scale.low, axes[_i].from, 1e-9);
    ck_assert_double_eq_tol(scale.high, axes[_i].to, 1e-9);
    ck_assert_double_eq_tol(scale.step, axes[_i].step, 1e-9);
    ck_assert_str_eq(scale_label(ctx, &scale, scale.steps), axes[_i].last);
    ck_assert_double_eq_tol(scale_at(&scale, scale.low), 0, 1e-9);
    ck_assert_double_eq_tol(scale_at(&scale, scale.high), 1, 1e-9);
}
END_TEST

/* ---- JPEG ---- */

#define EXIF(turn)                                                                                                     \
    "\xff\xe1\x00\x22"                                                                                                 \
    "Exif\0\0"                                                                                                         \
    "II*\0\x08\0\0\0"                                                                                                  \
    "\x01\0"                                                                                                           \
    "\x12\x01\x03\0\x01\0\0\0" turn "\0\0\0"                                                                           \
    "\0\0\0\0"
#define FRAME "\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00"
#define SCAN "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x3f\xff\x00\xff\xd0\x3f"
#define COMMENT "\xff\xfe\x00\x06home"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t length;
    int r, turn;
    size_t kept;
} jpegs[] = {
    { BYTES("\xff\xd8" FRAME SCAN "\xff\xd9"), 0, 1, 33 },
    { BYTES("\xff\xd8" EXIF("\x06") COMMENT FRAME SCAN "\xff\xd9"
                                                       "trailing"),
      0, 6, 33 },
    { BYTES("\xff\xd8" EXIF("\x09") FRAME SCAN "\xff\xd9"), 0, 1, 33 },
    { BYTES("\xff\xd8" FRAME SCAN), -EINVAL, 0, 0 },                            /* no end */
    { BYTES("\xff\xd8\xff\xd9"), -EINVAL, 0, 0 },                               /* nothing in it */
    { BYTES("\xff\xd8" FRAME FRAME SCAN "\xff\xd9"), -EINVAL, 0, 0 },           /* two frames */
    { BYTES("\xff\xd8\xff\xe0\xff\xff" FRAME SCAN "\xff\xd9"), -EINVAL, 0, 0 }, /* a segment beyond the end */
    { BYTES("\xff\xd8\xff\xe0\x00\x01" FRAME SCAN "\xff\xd9"), -EINVAL, 0, 0 },
    { BYTES("\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00" SCAN "\xff\xd9"), -E2BIG, 0, 0 },
    { BYTES("\xff\xd8\xff\xc9\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00" SCAN "\xff\xd9"), -EINVAL, 0,
      0 }, /* arithmetic */
    { BYTES("\x89PNG\r\n\x1a\n"), -EINVAL, 0, 0 },
    { BYTES(""), -EINVAL, 0, 0 },
};

START_TEST(a_jpeg_is_taken_over_without_what_it_tells)
{
    autotalloc void *ctx = talloc_new(NULL);
    /* exactly as long, so that one byte too many is noticed */
    unsigned char *bytes = memory_check(talloc_memdup(ctx, jpegs[_i].bytes, jpegs[_i].length));
    struct jpeg jpeg;

    ck_assert_int_eq(jpeg_read(ctx, bytes, jpegs[_i].length, &jpeg), jpegs[_i].r);
    if (jpegs[_i].r == 0) {
        ck_assert_int_eq(jpeg.turn, jpegs[_i].turn);
        ck_assert_int_eq(jpeg.width, 32);
        ck_assert_int_eq(jpeg.height, 16);
        ck_assert_uint_eq(jpeg.length, jpegs[_i].kept);
    }
}
END_TEST

START_TEST(mutated_jpegs_harm_nobody)
{
    static const char whole[] = "\xff\xd8" EXIF("\x06") COMMENT FRAME SCAN "\xff\xd9";
    unsigned seed = 12345;

    for (int i = 0; i < 20000; i++) {
        autotalloc void *ctx = talloc_new(NULL);
        size_t length = sizeof whole - 1;
        unsigned char *bytes;
        struct jpeg jpeg;
        int r;

        seed = seed * 1103515245 + 12345;
        length -= (seed >> 8) % 3 ? 0 : (seed >> 16) % length;
        bytes = memory_check(talloc_memdup(ctx, whole, length));
        for (int k = 0; k < 3; k++) {
            seed = seed * 1103515245 + 12345;
            if (length > 0)
                bytes[(seed >> 8) % length] = (unsigned char)(seed >> 20);
        }
        r = jpeg_read(ctx, bytes, length, &jpeg);
        ck_assert(r == 0 || r == -EINVAL || r == -E2BIG);
        if (r == 0)
            ck_assert_msg(jpeg.length <= length && jpeg.turn >= 1 && jpeg.turn <= 8, "mutation %d", i);
    }
}
END_TEST

SUITE(report)
{
    tcase_add_test(tests, cells_come_back_as_they_were_written);
    tcase_add_loop_test(tests, lines_that_break_the_format_are_refused, 0, ELEMENTS(broken));
    tcase_add_test(tests, a_hundred_thousand_columns_are_refused);
    tcase_add_loop_test(tests, a_cell_as_it_is_shown, 0, ELEMENTS(cells_as_shown));
    tcase_add_test(tests, text_is_cleaned);
    tcase_add_loop_test(tests, a_field_of_a_csv, 0, ELEMENTS(fields));
    tcase_add_loop_test(tests, an_axis_goes_in_round_steps, 0, ELEMENTS(axes));
    tcase_add_loop_test(tests, a_jpeg_is_taken_over_without_what_it_tells, 0, ELEMENTS(jpegs));
    tcase_add_test(tests, mutated_jpegs_harm_nobody);
}
