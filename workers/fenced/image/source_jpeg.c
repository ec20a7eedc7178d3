/* SPDX-License-Identifier: GPL-3.0-or-later
 * JPEG by libjpeg-turbo. Its errors come by longjmp: each way in sets the place to come back to, and nothing that needs
 * cleaning up is held between. */
#include "common/memory.h"
#include "workers/fenced/image/source.h"
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
/* behind stdio.h, which it takes for granted */
#include <jpeglib.h>

enum {
    SCANS_MAX = 200,         /* of a progressive picture: each is a pass over all pixels, and may take a few bytes */
    MEMORY_MAX = 1000 << 20, /* bytes: coefficients of a progressive one */
    EXIF = JPEG_APP0 + 1,
    ICC = JPEG_APP0 + 2,
};

struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct source *source;
    jmp_buf back;
    JOCTET *colours; /* from malloc() */
};

static struct reader *reader_of(j_common_ptr jpeg)
{
    return OWNER(jpeg->err, struct reader, errors);
}

static _Noreturn void leave(struct reader *reader, const char *why)
{
    source_fail(reader->source, -EBADMSG, why);
    longjmp(reader->back, 1);
}

static _Noreturn void on_error(j_common_ptr jpeg)
{
    struct reader *reader = reader_of(jpeg);
    char text[JMSG_LENGTH_MAX];

    reader->errors.format_message(jpeg, text);
    leave(reader, FORMAT(reader->source, "its JPEG data is broken: %s", text));
}

/* Cameras leave all kinds of oddities, which do no harm. */
static void on_message(j_common_ptr jpeg, int level)
{
    (void)jpeg;
    (void)level;
}

/* That the end is missing is no oddity. */
static boolean on_end(j_decompress_ptr jpeg)
{
    leave(reader_of((j_common_ptr)jpeg), "it is cut short");
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    struct reader *reader = reader_of(jpeg);

    if (reader->jpeg.input_scan_number > SCANS_MAX)
        leave(reader, "it has too many scans");
}

static int reader_free(struct reader *reader)
{
    jpeg_destroy_decompress(&reader->jpeg);
    free(reader->colours);
    return 0;
}

static struct reader *reader_new(struct source *source)
{
    struct reader *reader = NEW(source, struct reader);

    reader->source = source;
    reader->jpeg.err = jpeg_std_error(&reader->errors);
    reader->errors.error_exit = on_error;
    reader->errors.emit_message = on_message;
    reader->errors.output_message = on_output;
    reader->progress.progress_monitor = on_progress;
    return reader;
}

/* The first Exif segment counts. */
static unsigned orientation_of(const struct reader *reader)
{
    for (const struct jpeg_marker_struct *marker = reader->jpeg.marker_list; marker; marker = marker->next)
        if (marker->marker == EXIF && marker->data_length >= 6 && !memcmp(marker->data, "Exif\0", 6))
            return picture_orientation(marker->data, marker->data_length);
    return 1;
}

static void colours_read(struct reader *reader)
{
    unsigned length = 0;

    if (!jpeg_read_icc_profile(&reader->jpeg, &reader->colours, &length))
        return;
    reader->source->colours = reader->colours;
    reader->source->colours_length = length;
}

static int jpeg_open(struct source *source)
{
    struct reader *reader = source->reader = reader_new(source);
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;

    if (setjmp(reader->back))
        return -EBADMSG;
    jpeg_create_decompress(jpeg);
    talloc_set_destructor(reader, reader_free);
    jpeg->progress = &reader->progress;
    jpeg->mem->max_memory_to_use = MEMORY_MAX;
    jpeg_mem_src(jpeg, source->bytes, source->length);
    jpeg->src->fill_input_buffer = on_end;
    jpeg_save_markers(jpeg, EXIF, 0xffff);
    jpeg_save_markers(jpeg, ICC, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->image_width != source->kind.width || jpeg->image_height != source->kind.height)
        return source_fail(source, -EBADMSG, "it contradicts itself about its size");
    source->orientation = orientation_of(reader);
    source->ink = jpeg->num_components == 4 ? SOURCE_CMYK : SOURCE_RGB;
    jpeg->out_color_space = source->ink == SOURCE_CMYK ? JCS_CMYK : JCS_EXT_RGBX;
    if (jpeg->jpeg_color_space != JCS_GRAYSCALE)
        colours_read(reader);
    return 0;
}

static int jpeg_start(struct source *source, double shrink)
{
    struct reader *reader = source->reader;
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;

    if (setjmp(reader->back))
        return -EBADMSG;
    jpeg->scale_num = 1;
    jpeg->scale_denom = shrink >= 16 ? 8 : shrink >= 8 ? 4 : shrink >= 4 ? 2 : 1;
    jpeg_start_decompress(jpeg);
    source->width = jpeg->output_width;
    source->height = jpeg->output_height;
    if (jpeg->output_components != 4)
        return source_fail(source, -EBADMSG, "it has colours of a kind that is not known");
    return 0;
}

/* What Adobe's programs write has 255 for no ink; the others mean the reverse. */
static void ink_turn(const struct reader *reader, unsigned char *row, unsigned width)
{
    if (reader->source->ink == SOURCE_CMYK && !reader->jpeg.saw_Adobe_marker)
        for (unsigned i = 0; i < width * 4; i++)
            row[i] = (unsigned char)(255 - row[i]);
}

static int jpeg_row(struct source *source, unsigned char *row)
{
    struct reader *reader = source->reader;
    JSAMPROW rows[] = { row };

    if (setjmp(reader->back))
        return -EBADMSG;
    if (jpeg_read_scanlines(&reader->jpeg, rows, 1) != 1)
        return source_fail(source, -EBADMSG, "it is cut short");
    ink_turn(reader, row, source->width);
    return 0;
}

const struct source_ways source_jpeg = { .open = jpeg_open, .start = jpeg_start, .row = jpeg_row };
