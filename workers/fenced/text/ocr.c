/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/text/ocr.h"
#include "common/memory.h"
#include "workers/fenced/text/receipt.h"
#include "workers/fenced/text/recogniser.h"

/* One look at the page. */
struct reading {
    int recognised, confidence;
    struct receipt *receipt;
};

/* How the page is looked at, one after the other until it is read well enough. */
static const struct {
    int mode;
    bool clean;
} looks[] = {
    { PAGE_BLOCK, false },
    { PAGE_BLOCK, true },
    { PAGE_COLUMN, false },
    { PAGE_SPARSE, true },
};

enum {
    SURE = 80,       /* as confident as this, and it adds up */
    CLEAR = 88,      /* letters as clear as this, and nothing speaks against it */
    UNREADABLE = 55, /* letters less clear than this may stand on their head */
    MUCH_CLEARER = 10,
};

static int look(struct job *job, struct recogniser *recogniser, PIX *page, int mode, struct reading *ret)
{
    char *text;
    int r = recogniser_read(recogniser, job, page, mode, &text, &ret->recognised);

    if (r < 0)
        return r;
    ret->receipt = receipt_parse(job, text);
    ret->confidence = receipt_confidence(ret->receipt, ret->recognised);
    return 0;
}

/* looked: how often so far. A receipt may have no date; that is looked for twice. */
static bool is_enough(const struct reading *reading, size_t looked)
{
    const struct receipt *receipt = reading->receipt;

    if (!receipt->has_total || (!receipt->date && looked < 2))
        return false;
    return (receipt->sum == SUM_RIGHT && reading->confidence >= SURE) ||
           (receipt->sum == SUM_UNKNOWN && reading->recognised >= CLEAR);
}

/* What is hardly readable is turned over; *page stays as it can be read better. */
static void turn_over(struct job *job, struct recogniser *recogniser, PIX **page, struct reading *best)
{
    PIX *turned = scan_turned(*page, 2);
    struct reading reading;

    if (turned && look(job, recogniser, turned, looks[0].mode, &reading) == 0 &&
        reading.recognised >= best->recognised + MUCH_CLEARER) {
        *best = reading;
        pixDestroy(page);
        *page = turned;
    } else {
        pixDestroy(&turned);
    }
}

/* The better one of two, with what only the other could read of the rest. */
static void keep_best(struct reading *best, const struct reading *other)
{
    const struct reading worse = other->confidence > best->confidence ? *best : *other;

    if (other->confidence > best->confidence)
        *best = *other;
    if (!best->receipt->date)
        best->receipt->date = worse.receipt->date;
    if (!best->receipt->vendor)
        best->receipt->vendor = worse.receipt->vendor;
    if (!best->receipt->currency)
        best->receipt->currency = worse.receipt->currency;
    best->confidence = receipt_confidence(best->receipt, best->recognised);
}

static int looks_take(struct job *job, struct recogniser *recogniser, PIX **page, struct reading *best)
{
    autopix PIX *clean = NULL;
    int r = look(job, recogniser, *page, looks[0].mode, best);

    if (r < 0)
        return r;
    job_progress(job, 60);
    if (best->recognised < UNREADABLE)
        turn_over(job, recogniser, page, best);
    for (size_t i = 1; i < ELEMENTS(looks) && !is_enough(best, i); i++) {
        struct reading reading;

        if (looks[i].clean && !clean)
            clean = scan_clean(*page);
        if (look(job, recogniser, looks[i].clean ? clean : *page, looks[i].mode, &reading) == 0)
            keep_best(best, &reading);
        job_progress(job, 60 + 10 * (int)i);
    }
    return 0;
}

static json_t *result_of(struct job *job, const struct reading *reading)
{
    const struct receipt *receipt = reading->receipt;
    json_t *items = json_array();

    for (size_t i = 0; i < receipt->item_count; i++)
        json_array_append_new(items, json_pack("{s:s, s:s}", "name", receipt->items[i].name, "price",
                                               amount_text(job, receipt->items[i].price)));
    return json_pack("{s:s?, s:s?, s:s?, s:s?, s:o, s:i}", "vendor", receipt->vendor, "date", receipt->date, "total",
                     receipt->has_total ? amount_text(job, receipt->total) : NULL, "currency", receipt->currency,
                     "items", items, "confidence", reading->confidence);
}

/* The libraries would tell the log of every oddity of a picture, some of them past all settings. */
static void hush(void)
{
    FILE *nowhere = fopen("/dev/null", "we");

    setMsgSeverity(L_SEVERITY_NONE);
    if (nowhere)
        stderr = nowhere;
}

/* Read a prepared page, as far as there is anything to be read. */
static int page_read(struct job *job, PIX **page, struct reading *ret)
{
    struct recogniser *recogniser;

    if (!scan_has_letters(*page)) {
        *ret = (struct reading){ .receipt = receipt_parse(job, "") };
        return 0;
    }
    if (recogniser_new(job, "eng", &recogniser) < 0)
        return job_release(job, -1, "the tables of letters are not there (package tesseract-ocr-eng)");
    job_progress(job, 30);
    if (looks_take(job, recogniser, page, ret) < 0)
        return job_release(job, -1, "the recogniser has given up");
    return 0;
}

int ai_ocr(struct job *job)
{
    autopix PIX *grey = NULL, *page = NULL;
    struct reading reading;
    const char *why;
    int r;

    hush();
    if (scan_read("in/picture", &grey, &why) < 0)
        return job_bury(job, "the picture cannot be used: %s", why);
    page = scan_prepare(grey);
    pixDestroy(&grey);
    if (!page)
        return job_bury(job, "the picture cannot be used: it cannot be made fit for reading");
    job_progress(job, 20);
    r = page_read(job, &page, &reading);
    if (r == 0)
        job->result = result_of(job, &reading);
    return r;
}
