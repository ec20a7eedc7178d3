/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/fenced/image/prepare.h"
#include "workers/fenced/image/raster.h"
#include "workers/fenced/image/resize.h"
#include "workers/fenced/picture/kind.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
/* behind stdio.h, which it takes for granted */
#include <jpeglib.h>

/* ---- what a file is ---- */

#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1

static const struct {
    const unsigned char *bytes;
    size_t length;
    int r;
    struct picture_kind kind;
} files[] = {
    { BYTES("\xff\xd8\xff\xe0\0\4ab\xff\xff\xc2\0\x11\x08\0\x10\0\x20\3"), 0, { PICTURE_JPEG, 32, 16 } },
    { BYTES("\xff\xd8\xff\xe0\0\4ab\xff\xda\0\x11\x08\0\x10\0\x20\3"), -EBADMSG, { PICTURE_JPEG, 0, 0 } },
    { BYTES("\xff\xd8\xff\xe0\xff\xff"), -EBADMSG, { PICTURE_JPEG, 0, 0 } },
    { BYTES("\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3"), -EFBIG, { PICTURE_JPEG, 65535, 65535 } },
    { BYTES("\x89PNG\r\n\x1a\n\0\0\0\15IHDR\0\0\0\5\0\0\0\7\x8\2\0\0\0....."), 0, { PICTURE_PNG, 5, 7 } },
    { BYTES("\x89PNG\r\n\x1a\n\0\0\0\15IHDR\0\0\0\0\0\0\0\7\x8\2\0\0\0....."), -EBADMSG, { PICTURE_PNG, 0, 7 } },
    { BYTES("\x89PNG\r\n\x1a\n\0\0\0\15IHDR\0\0\x3e\x81\0\0\0\1\x8\2\0\0\0....."), -EFBIG, { PICTURE_PNG, 16001, 1 } },
    { BYTES("\x89PNG\r\n\x1a\n\0\0\0\15IHDR\xff\xff\xff\xff\xff\xff\xff\xff\x8\2\0\0\0....."),
      -EFBIG,
      { PICTURE_PNG, UINT32_MAX, UINT32_MAX } },
    { BYTES("GIF89a\3\0\4\0\0\0\0"), 0, { PICTURE_GIF, 3, 4 } },
    { BYTES("GIF89a\3\0\4\0\0"), -EBADMSG, { PICTURE_GIF, 0, 0 } },
    { BYTES("RIFF\0\0\0\0WEBPVP8X\12\0\0\0\0\0\0\0\7\0\0\10\0\0"), 0, { PICTURE_WEBP, 8, 9 } },
    { BYTES("RIFF\0\0\0\0WEBPVP8L\12\0\0\0\x2f\7\x40\2\0\0\0\0\0\0"), 0, { PICTURE_WEBP, 8, 10 } },
    { BYTES("RIFF\0\0\0\0WEBPVP8 \12\0\0\0abc\x9d\1\x2a\5\0\6\0"), 0, { PICTURE_WEBP, 5, 6 } },
    { BYTES("RIFF\0\0\0\0WEBPVP9 \12\0\0\0abc\x9d\1\x2a\5\0\6\0"), -EBADMSG, { PICTURE_WEBP, 0, 0 } },
    { BYTES("<svg xmlns='http://www.w3.org/2000/svg'/>"), -ENOTSUP, { 0, 0, 0 } },
    { BYTES("%!PS-Adobe-3.0"), -ENOTSUP, { 0, 0, 0 } },
    { BYTES("push graphic-context"), -ENOTSUP, { 0, 0, 0 } },
    { BYTES("PK\3\4"), -ENOTSUP, { 0, 0, 0 } },
    { BYTES(""), -ENOTSUP, { 0, 0, 0 } },
};

START_TEST(a_file_is_what_its_first_bytes_say)
{
    for (size_t i = 0; i < ELEMENTS(files); i++) {
        struct picture_kind kind = { 0 };

        ck_assert_msg(picture_kind_of(files[i].bytes, files[i].length, &kind) == files[i].r, "file %zu", i);
        ck_assert_msg(kind.format == files[i].kind.format && kind.width == files[i].kind.width &&
                          kind.height == files[i].kind.height,
                      "file %zu: %d %ux%u", i, kind.format, kind.width, kind.height);
    }
}
END_TEST

static const struct {
    const unsigned char *bytes;
    size_t length;
    unsigned orientation;
} tags[] = {
    { BYTES("II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 6 },
    { BYTES("MM\0*\0\0\0\10\0\2\1\17\0\2\0\0\0\4\0\0\0\0\1\x12\0\3\0\0\0\1\0\10\0\0"), 8 },
    { BYTES("Exif\0\0II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\3\0\0\0"), 3 },
    { BYTES("II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\11\0\0\0"), 1 }, /* nine ways up there are not */
    { BYTES("II*\0\xff\xff\xff\xff\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 1 },
    { BYTES("II*\0\10\0\0\0\xff\xff\x12\1\3\0\1\0\0\0"), 1 },
    { BYTES("Exif\0"), 1 },
};

START_TEST(which_way_up_is_read_from_exif)
{
    for (size_t i = 0; i < ELEMENTS(tags); i++)
        ck_assert_msg(picture_orientation(tags[i].bytes, tags[i].length) == tags[i].orientation, "tag %zu", i);
}
END_TEST

/* ---- scaling ---- */

/* A ramp from left to right, a part of it scaled: the value of each column in the middle row. */
static void check_ramp(struct area from, unsigned out_width, unsigned out_height)
{
    enum { WIDTH = 200, HEIGHT = 90 };
    autotalloc struct resize *resize = resize_new(NULL, WIDTH, HEIGHT, from, out_width, out_height);
    pixel row[WIDTH];

    for (int x = 0; x < WIDTH; x++)
        row[x] = (pixel){ (float)x, 255 - (float)x, 100, 255 };
    for (int y = 0; y < HEIGHT; y++)
        resize_row(resize, row);
    for (unsigned x = out_width / 8; x < out_width - out_width / 8; x++) {
        const pixel got = resize_result(resize)[out_width * (out_height / 2) + x];
        const double expect = from.left + (x + 0.5) * from.width / out_width - 0.5;

        ck_assert_float_eq_tol(got[0], (float)expect, 0.6f);
        ck_assert_float_eq_tol(got[1], 255 - (float)expect, 0.6f);
        ck_assert_float_eq_tol(got[2], 100, 0.1f);
    }
}

START_TEST(scaling_keeps_a_ramp_where_it_is)
{
    check_ramp((struct area){ 0, 0, 200, 90 }, 200, 90);
    check_ramp((struct area){ 0, 0, 200, 90 }, 40, 18);
    check_ramp((struct area){ 55, 0, 90, 90 }, 64, 64);
    check_ramp((struct area){ 55, 10, 90, 70 }, 300, 500);
    check_ramp((struct area){ 0, 0, 200, 90 }, 17, 1);
}
END_TEST

/* ---- turning ---- */

START_TEST(every_orientation_ends_upright)
{
    /* F of 2x3 as it is stored in each */
    static const char *const stored[] = { [1] = "abcdef", [2] = "badcfe", [3] = "fedcba", [4] = "efcdab",
                                          [5] = "acebdf", [6] = "bdface", [7] = "fdbeca", [8] = "ecafdb" };

    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        autotalloc void *ctx = talloc_new(NULL);
        struct raster raster = raster_new(ctx, orientation >= 5 ? 3 : 2, orientation >= 5 ? 2 : 3), upright;

        for (int i = 0; i < 6; i++)
            raster.pixels[i * 4] = (unsigned char)stored[orientation][i];
        upright = raster_turn(&raster, ctx, orientation);
        ck_assert_uint_eq(upright.width, 2);
        ck_assert_uint_eq(upright.height, 3);
        for (int i = 0; i < 6; i++)
            ck_assert_msg(upright.pixels[i * 4] == "abcdef"[i], "orientation %u", orientation);
    }
}
END_TEST

/* ---- a whole picture ---- */

static void tell_nobody(struct job *job, int percent)
{
    (void)job;
    (void)percent;
}

static const struct job_host host = { .progress = tell_nobody };

static void go_to_a_folder(void)
{
    char folder[] = "/tmp/picture-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void leave_the_folder(void)
{
    char folder[4096];

    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    unlink("in");
    unlink("out");
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Grey from 60 to 180, so that there is something to spread. */
static void picture_write(unsigned width, unsigned height)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct raster raster = raster_new(ctx, width, height);

    for (unsigned i = 0; i < width * height * 4; i++)
        raster.pixels[i] = (unsigned char)(60 + i / 4 % width * 120 / width);
    ck_assert_int_eq(raster_write(&raster, "in"), 0);
}

static void picture_read(unsigned *ret_width, unsigned *ret_height, unsigned *ret_left, unsigned *ret_right)
{
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct jpeg = { .err = jpeg_std_error(&errors) };
    autotalloc unsigned char *row = NULL;
    FILE *file = fopen("out", "re");

    ck_assert_ptr_nonnull(file);
    jpeg_create_decompress(&jpeg);
    jpeg_stdio_src(&jpeg, file);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = JCS_GRAYSCALE;
    jpeg_start_decompress(&jpeg);
    row = talloc_array(NULL, unsigned char, jpeg.output_width);
    jpeg_read_scanlines(&jpeg, &row, 1);
    *ret_width = jpeg.output_width;
    *ret_height = jpeg.output_height;
    *ret_left = row[0];
    *ret_right = row[jpeg.output_width - 1];
    jpeg_destroy_decompress(&jpeg);
    fclose(file);
}

START_TEST(a_picture_is_prepared_for_a_model)
{
    autotalloc struct job *job = NEW(NULL, struct job);
    unsigned width, height, left, right;

    job->host = &host;
    go_to_a_folder();
    picture_write(1500, 700);
    ck_assert_int_eq(image_prepare(job, "in", "out", 300), 0);
    picture_read(&width, &height, &left, &right);
    ck_assert_uint_eq(width, 300);
    ck_assert_uint_eq(height, 140);
    ck_assert_uint_lt(left, 12);
    ck_assert_uint_gt(right, 243);
    leave_the_folder();
}
END_TEST

START_TEST(a_small_one_is_not_enlarged)
{
    autotalloc struct job *job = NEW(NULL, struct job);
    unsigned width, height, left, right;

    job->host = &host;
    go_to_a_folder();
    picture_write(30, 11);
    ck_assert_int_eq(image_prepare(job, "in", "out", 1024), 0);
    picture_read(&width, &height, &left, &right);
    ck_assert_uint_eq(width, 30);
    ck_assert_uint_eq(height, 11);
    leave_the_folder();
}
END_TEST

START_TEST(one_that_is_cut_short_buries_the_job_and_leaves_nothing)
{
    autotalloc struct job *job = NEW(NULL, struct job);

    job->host = &host;
    go_to_a_folder();
    picture_write(1500, 700);
    ck_assert_int_eq(truncate("in", 3000), 0);
    ck_assert_int_lt(image_prepare(job, "in", "out", 300), 0);
    ck_assert_int_eq(job->outcome, JOB_BURY);
    ck_assert_str_eq(job->why, "the picture cannot be used: it is cut short");
    ck_assert_int_lt(access("out", F_OK), 0);
    leave_the_folder();
}
END_TEST

SUITE(picture)
{
    tcase_add_test(tests, a_file_is_what_its_first_bytes_say);
    tcase_add_test(tests, which_way_up_is_read_from_exif);
    tcase_add_test(tests, scaling_keeps_a_ramp_where_it_is);
    tcase_add_test(tests, every_orientation_ends_upright);
    tcase_add_test(tests, a_picture_is_prepared_for_a_model);
    tcase_add_test(tests, a_small_one_is_not_enlarged);
    tcase_add_test(tests, one_that_is_cut_short_buries_the_job_and_leaves_nothing);
}
