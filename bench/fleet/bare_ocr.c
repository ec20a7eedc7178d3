/* SPDX-License-Identifier: GPL-3.0-or-later
 * What bench/fleet/ocr.py compares reading a receipt with:
 *   bare_ocr prepare PICTURE PAGE   make PICTURE fit for reading as the kind does, and write it as PNG
 *   bare_ocr read PAGE              call the library on it and nothing else; prints the text */
#include "common/memory.h"
#include "workers/fenced/text/scan.h"
#include <stdio.h>
#include <tesseract/capi.h>

static int prepare(const char *picture, const char *page)
{
    autopix PIX *grey = NULL, *prepared = NULL;
    const char *why;

    if (scan_read(picture, &grey, &why) < 0)
        return 1;
    prepared = scan_prepare(grey);
    return !prepared || pixWrite(page, prepared, IFF_PNG) != 0;
}

static int read_page(const char *path)
{
    PIX *page = pixRead(path);
    TessBaseAPI *handle = TessBaseAPICreate();
    char *text;

    if (!page || TessBaseAPIInit2(handle, NULL, "eng", OEM_LSTM_ONLY) != 0)
        return 1;
    TessBaseAPISetPageSegMode(handle, PSM_SINGLE_BLOCK);
    TessBaseAPISetImage2(handle, page);
    TessBaseAPISetSourceResolution(handle, 300);
    text = TessBaseAPIGetUTF8Text(handle);
    if (!text || fputs(text, stdout) < 0)
        return 1;
    TessDeleteText(text);
    TessBaseAPIDelete(handle);
    pixDestroy(&page);
    return 0;
}

int main(int argc, char **argv)
{
    setMsgSeverity(L_SEVERITY_NONE);
    if (argc == 4 && !strcmp(argv[1], "prepare"))
        return prepare(argv[2], argv[3]);
    if (argc == 3 && !strcmp(argv[1], "read"))
        return read_page(argv[2]);
    fputs("usage: bare_ocr prepare PICTURE PAGE | read PAGE\n", stderr);
    return 2;
}
