/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/fenced/media/formats.h"

START_TEST(every_format_is_found_by_its_name)
{
    static const char *const names[] = { "mp4", "webm", "mp3", "wav", "ogg", "jpeg", "png", "webp" };

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        const struct media_format *format = media_format_find(names[i]);
        ck_assert_ptr_nonnull(format);
        ck_assert_str_eq(format->name, names[i]);
        ck_assert(format->video.encoder || format->audio.encoder);
        for (int quality = 0; quality < MEDIA_QUALITIES; quality++) {
            ck_assert(!format->video.encoder || format->video.options[quality]);
            ck_assert(!format->video.encoder || format->boxes[quality].shorter > 0);
            ck_assert(!format->audio.encoder || format->audio.options[quality]);
        }
    }
    ck_assert_ptr_null(media_format_find("avi"));
    ck_assert_ptr_null(media_format_find(""));
    ck_assert_ptr_null(media_format_find(NULL));
}
END_TEST

START_TEST(a_quality_is_found_by_its_name)
{
    enum media_quality quality = MEDIA_HIGH;

    ck_assert(media_quality_find("low", &quality) && quality == MEDIA_LOW);
    ck_assert(media_quality_find("medium", &quality) && quality == MEDIA_MEDIUM);
    ck_assert(!media_quality_find("best", &quality) && quality == MEDIA_MEDIUM);
    ck_assert(!media_quality_find(NULL, &quality));
}
END_TEST

START_TEST(a_size_fits_its_box)
{
    static const struct {
        struct media_size size;
        struct media_box box;
        int unit;
        struct media_size fit;
    } rows[] = {
        { { 1920, 1080 }, { 1280, 720 }, 2, { 1280, 720 } },
        { { 1080, 1920 }, { 1280, 720 }, 2, { 720, 1280 } }, /* a box stands as its picture does */
        { { 320, 180 }, { 1280, 720 }, 2, { 320, 180 } },    /* nothing becomes larger */
        { { 321, 181 }, { 1280, 720 }, 2, { 320, 180 } },    /* but even */
        { { 321, 181 }, { 1280, 720 }, 1, { 321, 181 } },    /* where that is asked for */
        { { 1440, 1080 }, { 1280, 720 }, 2, { 960, 720 } },
        { { 2560, 1080 }, { 1280, 720 }, 2, { 1280, 540 } },
        { { 60000, 2 }, { 1280, 720 }, 2, { 1280, 2 } },
        { { 1, 1 }, { 1280, 720 }, 2, { 2, 2 } },
    };

    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        struct media_size fit = media_fit(rows[i].size, rows[i].box, rows[i].unit);
        ck_assert_msg(fit.width == rows[i].fit.width && fit.height == rows[i].fit.height, "row %zu: %d by %d", i,
                      fit.width, fit.height);
    }
}
END_TEST

START_TEST(pixels_that_are_not_square_are_stretched)
{
    struct media_size size = media_shown((struct media_size){ 720, 576 }, 64, 45);

    ck_assert_int_eq(size.width, 1024);
    ck_assert_int_eq(size.height, 576);
    size = media_shown((struct media_size){ 720, 576 }, 1, 2);
    ck_assert_int_eq(size.width, 720);
    ck_assert_int_eq(size.height, 1152);
    size = media_shown((struct media_size){ 720, 576 }, 0, 1);
    ck_assert_int_eq(size.width, 720);
    size = media_shown((struct media_size){ 720, 576 }, 1000, 1); /* nobody means that */
    ck_assert_int_eq(size.width, 720);
}
END_TEST

SUITE(media_formats)
{
    tcase_add_test(tests, every_format_is_found_by_its_name);
    tcase_add_test(tests, a_quality_is_found_by_its_name);
    tcase_add_test(tests, a_size_fits_its_box);
    tcase_add_test(tests, pixels_that_are_not_square_are_stretched);
}
