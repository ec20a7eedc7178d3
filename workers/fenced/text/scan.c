/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/scan.h"
#include "common/memory.h"
#include "workers/fenced/picture/kind.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
    PIXELS_FEW = 1200 * 1000,       /* of a JPEG that is decoded smaller, if its letters are large enough then */
    PIXELS_MOST = 16 * 1000 * 1000, /* of what is looked at */
    LETTER_ENOUGH = 18,             /* pixels of the middlemost letter that lose nothing when they are made larger */
    LETTER_MIN = 6,                 /* pixels; what is lower is dust */
    SKEW_MAX = 20,                  /* degrees */
};

void scan_free(PIX **pix)
{
    pixDestroy(pix);
}

/* ---- letters ---- */

/* Black letters; NULL when it cannot be made. */
static PIX *letters_of(PIX *grey)
{
    PIX *letters = NULL;
    l_float32 black = 0;

    if (pixOtsuAdaptiveThreshold(grey, pixGetWidth(grey), pixGetHeight(grey), 0, 0, 0.1f, NULL, &letters) != 0)
        return NULL;
    if (pixForegroundFraction(letters, &black) == 0 && black > 0.6f)
        pixInvert(letters, letters); /* light on dark */
    return letters;
}

/* How many of the letters there may be are taller than wide, and how many wider than tall. */
static void letters_count(PIX *letters, int *ret_tall, int *ret_wide)
{
    BOXA *boxes = pixConnCompBB(letters, 8);

    *ret_tall = *ret_wide = 0;
    for (l_int32 i = 0; i < boxaGetCount(boxes); i++) {
        l_int32 width, height;

        boxaGetBoxGeometry(boxes, i, NULL, NULL, &width, &height);
        if ((width < LETTER_MIN && height < LETTER_MIN) || width > pixGetWidth(letters) / 6 ||
            height > pixGetHeight(letters) / 6)
            continue;
        *ret_tall += height * 10 > width * 11;
        *ret_wide += width * 10 > height * 11;
    }
    boxaDestroy(&boxes);
}

/* Of all that could be a letter the one in the middle; 0 when there are too few to tell. */
static int letter_height(PIX *grey)
{
    enum { ENOUGH = 20 };
    autopix PIX *letters = letters_of(grey);
    BOXA *boxes = letters ? pixConnCompBB(letters, 8) : NULL;
    NUMA *heights = numaCreate(0);
    l_float32 middle = 0;

    for (l_int32 i = 0; i < boxaGetCount(boxes); i++) {
        l_int32 width, height;

        boxaGetBoxGeometry(boxes, i, NULL, NULL, &width, &height);
        if (height >= LETTER_MIN && height < pixGetHeight(grey) / 6 && width * 6 > height && width < height * 3)
            numaAddNumber(heights, (l_float32)height);
    }
    if (numaGetCount(heights) >= ENOUGH)
        numaGetMedian(heights, &middle);
    numaDestroy(&heights);
    boxaDestroy(&boxes);
    return (int)middle;
}

/* ---- reading ---- */

/* By how much one may be decoded smaller so as to have at most so many pixels. */
static int reduction_to(const struct picture_kind *kind, uint64_t pixels)
{
    int reduction = 1;

    while (reduction < 8 && (uint64_t)kind->width * kind->height / (uint64_t)(reduction * reduction) > pixels)
        reduction *= 2;
    return reduction;
}

/* Large ones are tried smaller first, which costs a fraction. */
static PIX *jpeg_read(const unsigned char *bytes, size_t length, const struct picture_kind *kind)
{
    const int least = reduction_to(kind, PIXELS_MOST);

    for (int reduction = reduction_to(kind, PIXELS_FEW);; reduction /= 2) {
        PIX *picture = pixReadMemJpeg(bytes, length, 0, reduction, NULL, L_JPEG_READ_LUMINANCE);

        if (!picture || reduction <= least || letter_height(picture) >= LETTER_ENOUGH)
            return picture;
        pixDestroy(&picture);
    }
}

static PIX *png_read(const unsigned char *bytes, size_t length, const struct picture_kind *kind)
{
    (void)kind;
    return pixReadMemPng(bytes, length);
}

static PIX *webp_read(const unsigned char *bytes, size_t length, const struct picture_kind *kind)
{
    (void)kind;
    return pixReadMemWebP(bytes, length);
}

static PIX *(*const readers[PICTURE_FORMATS])(const unsigned char *, size_t, const struct picture_kind *) = {
    [PICTURE_JPEG] = jpeg_read,
    [PICTURE_PNG] = png_read,
    [PICTURE_WEBP] = webp_read,
};

/* What must be done to what is stored as the orientation says, first mirrored from left to right, then turned. */
static const struct {
    bool mirror;
    int quarters;
} turns[] = { [1] = { false, 0 }, [2] = { true, 0 },  [3] = { false, 2 }, [4] = { true, 2 },
              [5] = { true, 3 },  [6] = { false, 1 }, [7] = { true, 1 },  [8] = { false, 3 } };

static PIX *upright(PIX *grey, unsigned orientation)
{
    if (turns[orientation].mirror)
        pixFlipLR(grey, grey);
    return scan_turned(grey, turns[orientation].quarters);
}

/* Grey, on white. */
static PIX *grey_of(PIX *picture)
{
    autopix PIX *opaque = pixGetSpp(picture) == 4 ? pixAlphaBlendUniform(picture, 0xffffff00) : pixClone(picture);

    return opaque ? pixConvertTo8(opaque, 0) : NULL;
}

static int decode(const unsigned char *bytes, size_t length, PIX **ret, const char **ret_why)
{
    autopix PIX *picture = NULL, *grey = NULL;
    struct picture_kind kind = { 0 };
    int r = picture_kind_of(bytes, length, &kind);

    if (r == -ENOTSUP || !readers[kind.format]) {
        *ret_why = "it is neither JPEG nor PNG or WebP";
        return -ENOTSUP;
    }
    if (r == -EFBIG) {
        *ret_why = "it has more pixels than are taken";
        return -EFBIG;
    }
    if (r == 0)
        picture = readers[kind.format](bytes, length, &kind);
    if (picture)
        grey = grey_of(picture);
    if (!grey) {
        *ret_why = "it cannot be decoded";
        return -EBADMSG;
    }
    *ret = upright(grey, kind.format == PICTURE_JPEG ? picture_jpeg_orientation(bytes, length) : 1);
    return 0;
}

int scan_read(const char *path, PIX **ret, const char **ret_why)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes;
    int r;

    if (fd < 0 || fstat(fd, &status) < 0 || status.st_size == 0 || status.st_size > PICTURE_BYTES) {
        *ret_why = "its file cannot be read";
        return -EBADMSG;
    }
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        *ret_why = "its file cannot be read";
        return -EBADMSG;
    }
    r = decode(bytes, (size_t)status.st_size, ret, ret_why);
    munmap(bytes, (size_t)status.st_size);
    return r;
}

/* ---- preparing ---- */

/* Lines this much fuller than what is between them: of text even a few have it. */
static const l_float32 SKEW_SURE = 1.8f;

PIX *scan_turned(PIX *pix, int quarters)
{
    return quarters % 4 == 0 ? pixClone(pix) : pixRotateOrth(pix, quarters % 4);
}

/* Without shadows, the paper all white; as it is where it is too small for that. */
static PIX *lit_evenly(PIX *grey)
{
    enum { PAPER = 190 }; /* a little below what the paper is made to be */
    PIX *even = pixBackgroundNormSimple(grey, NULL, NULL);

    if (!even)
        return pixClone(grey);
    pixGammaTRC(even, even, 1, 0, PAPER);
    return even;
}

/* Letters are taller than wide: what lies on its side has few such. Whether it stands on its head, only reading shows.
 */
static PIX *set_up(PIX *grey)
{
    enum { ENOUGH = 20 };
    autopix PIX *letters = letters_of(grey);
    int tall = 0, wide = 0;

    if (letters)
        letters_count(letters, &tall, &wide);
    return scan_turned(grey, wide > 2 * tall && wide > ENOUGH ? 1 : 0);
}

static PIX *level(PIX *grey)
{
    autopix PIX *letters = letters_of(grey);
    l_float32 angle = 0, confidence = 0;

    if (!letters || pixFindSkewSweepAndSearch(letters, &angle, &confidence, 4, 2, SKEW_MAX, 1, 0.02f) != 0 ||
        confidence < SKEW_SURE || fabsf(angle) < 0.2f)
        return pixClone(grey);
    return pixRotate(grey, angle * (l_float32)M_PI / 180, L_ROTATE_AREA_MAP, L_BRING_IN_WHITE, pixGetWidth(grey),
                     pixGetHeight(grey));
}

static PIX *scaled(PIX *grey)
{
    const l_float32 pixels = (l_float32)pixGetWidth(grey) * (l_float32)pixGetHeight(grey);
    const l_float32 largest = sqrtf((l_float32)PIXELS_MOST / pixels);
    const int height = letter_height(grey);
    l_float32 factor = height ? (l_float32)LETTER_HEIGHT / (l_float32)height : 1;

    if (factor > 4)
        factor = 4;
    if (factor > 0.8f && factor < 1.25f)
        factor = 1;
    if (factor > largest)
        factor = largest;
    return factor == 1 ? pixClone(grey) : pixScale(grey, factor, factor);
}

/* Letters much larger than they have to be only cost time. */
static PIX *shrunk(PIX *grey)
{
    const int height = letter_height(grey);

    return height * 2 >= 3 * LETTER_HEIGHT
               ? pixScale(grey, 1.25f * LETTER_HEIGHT / (l_float32)height, 1.25f * LETTER_HEIGHT / (l_float32)height)
               : pixClone(grey);
}

PIX *scan_prepare(PIX *grey)
{
    autopix PIX *small = shrunk(grey);
    autopix PIX *even = lit_evenly(small);
    autopix PIX *standing = set_up(even);
    autopix PIX *levelled = level(standing);

    return scaled(levelled);
}

bool scan_has_letters(PIX *prepared)
{
    enum { FEW = 5 };
    autopix PIX *letters = letters_of(prepared);
    int tall = 0, wide = 0;

    if (letters)
        letters_count(letters, &tall, &wide);
    return tall + wide >= FEW;
}

PIX *scan_clean(PIX *prepared)
{
    autopix PIX *quiet = pixRankFilterGray(prepared, 3, 3, 0.5f);
    PIX *clean = NULL;

    if (!quiet || pixSauvolaBinarizeTiled(quiet, 16, 0.3f, 1, 1, NULL, &clean) != 0)
        return pixClone(prepared);
    return clean;
}
