/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/recogniser.h"
#include "common/memory.h"
#include <errno.h>

enum {
    RESOLUTION = 300, /* as far as the letters' height goes, which scan_prepare() has seen to */
    SECONDS_MAX = 30, /* for a page; then what has been read so far counts */
};

struct recogniser {
    TessBaseAPI *handle;
    ETEXT_DESC *monitor;
};

static int recogniser_free(struct recogniser *recogniser)
{
    TessMonitorDelete(recogniser->monitor);
    TessBaseAPIDelete(recogniser->handle);
    return 0;
}

int recogniser_new(void *ctx, const char *language, struct recogniser **ret)
{
    struct recogniser *recogniser = NEW(ctx, struct recogniser);

    recogniser->handle = TessBaseAPICreate();
    recogniser->monitor = TessMonitorCreate();
    talloc_set_destructor(recogniser, recogniser_free);
    if (TessBaseAPIInit2(recogniser->handle, NULL, language, OEM_LSTM_ONLY) != 0) {
        talloc_free(recogniser);
        return -EIO;
    }
    TessBaseAPISetVariable(recogniser->handle, "preserve_interword_spaces", "1");
    TessBaseAPISetVariable(recogniser->handle, "debug_file", "/dev/null");
    *ret = recogniser;
    return 0;
}

int recogniser_read(struct recogniser *recogniser, void *ctx, PIX *page, int mode, char **ret, int *ret_confidence)
{
    char *text;

    TessBaseAPIClear(recogniser->handle); /* of what it knows of the page before */
    TessBaseAPISetPageSegMode(recogniser->handle, (TessPageSegMode)mode);
    TessBaseAPISetImage2(recogniser->handle, page);
    TessBaseAPISetSourceResolution(recogniser->handle, RESOLUTION);
    TessMonitorSetDeadlineMSecs(recogniser->monitor, SECONDS_MAX * 1000);
    if (TessBaseAPIRecognize(recogniser->handle, recogniser->monitor) != 0)
        return -EIO;
    text = TessBaseAPIGetUTF8Text(recogniser->handle);
    if (!text)
        return -EIO;
    *ret = COPY(ctx, text);
    *ret_confidence = TessBaseAPIMeanTextConf(recogniser->handle);
    TessDeleteText(text);
    return 0;
}
