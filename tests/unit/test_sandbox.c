/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the sandbox does without a server: nested names, faults, pictures. */
#include "common/json.h"
#include "common/memory.h"
#include "fcgi/sandbox/sandbox.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <zlib.h>

/* The object that a form's text stands for, as JSON with sorted names; "" when it is none. */
static const char *nested(void *ctx, const char *form)
{
    json_auto_t *object = NULL;
    struct pairs pairs;
    char *dumped, *text;

    ck_assert_int_eq(pairs_parse(ctx, form, strlen(form), &pairs), 0);
    if (nested_object(ctx, &pairs, &object) < 0)
        return "";
    dumped = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    text = COPY(ctx, dumped);
    free(dumped);
    return text;
}

START_TEST(names_are_nested)
{
    static const struct {
        const char *form, *json;
    } cases[] = {
        { "", "{}" },
        { "a=1&b=", "{\"a\":\"1\",\"b\":\"\"}" },
        { "items[0][price]=p&items[0][quantity]=2&items[1][price]=q",
          "{\"items\":[{\"price\":\"p\",\"quantity\":\"2\"},{\"price\":\"q\"}]}" },
        { "expand[]=x&expand[]=y", "{\"expand\":[\"x\",\"y\"]}" },
        { "expand[0]=latest_invoice.payment_intent", "{\"expand\":[\"latest_invoice.payment_intent\"]}" },
        { "metadata[job_id]=7&metadata[a.b]=c", "{\"metadata\":{\"a.b\":\"c\",\"job_id\":\"7\"}}" },
        { "MediaUrl=a&MediaUrl=b&MediaUrl=c", "{\"MediaUrl\":[\"a\",\"b\",\"c\"]}" },
        { "a[1]=x", "{\"a\":{\"1\":\"x\"}}" },
        { "a%5Bb%5D=c", "{\"a\":{\"b\":\"c\"}}" },
        { "0=x", "{\"0\":\"x\"}" },
        { "a[b][c][d][e][f][g][h]=deep", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":\"deep\"}}}}}}}}" },
        { "a[b][c][d][e][f][g][h][i]=deeper", "" },
        { "a[b=1", "" },
        { "a[b]c=1", "" },
        { "[a]=1", "" },
        { "a=1&a[b]=2", "" },
        { "a[b]=1&a=2", "" },
    };
    autotalloc void *ctx = talloc_new(NULL);

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        ck_assert_str_eq(nested(ctx, cases[i].form), cases[i].json);
}
END_TEST

START_TEST(a_fault_hits_what_it_is_meant_for)
{
    struct faults faults = { 0 };
    struct fault hit;

    ck_assert_int_eq(
        faults_add(&faults,
                   &(struct fault){
                       .service = "stripe", .method = "POST", .path = "/v1/cust*", .kind = FAULT_CUT, .times = 2 }),
        1);
    faults_take(&faults, "twilio", "POST", "/v1/customers", &hit);
    ck_assert_int_eq(hit.kind, FAULT_NONE);
    faults_take(&faults, "stripe", "GET", "/v1/customers", &hit);
    ck_assert_int_eq(hit.kind, FAULT_NONE);
    faults_take(&faults, "stripe", "POST", "/v1/invoices", &hit);
    ck_assert_int_eq(hit.kind, FAULT_NONE);
    for (int i = 0; i < 3; i++) {
        faults_take(&faults, "stripe", "POST", "/v1/customers/cus_1", &hit);
        ck_assert_int_eq(hit.kind, i < 2 ? FAULT_CUT : FAULT_NONE);
    }
    ck_assert_int_eq(faults.count, 0);
}
END_TEST

START_TEST(the_oldest_fault_counts_and_latencies_add)
{
    struct faults faults = { 0 };
    struct fault hit;

    faults_add(&faults, &(struct fault){ .kind = FAULT_LATENCY, .ms = 30 });
    faults_add(&faults, &(struct fault){ .kind = FAULT_STATUS, .status = 500, .times = 1 });
    faults_add(&faults, &(struct fault){ .kind = FAULT_MALFORMED, .times = 1 });
    faults_add(&faults, &(struct fault){ .kind = FAULT_LATENCY, .ms = 12, .times = 1 });
    ck_assert_int_eq(faults_take(&faults, "s", "GET", "/", &hit), 42);
    ck_assert_int_eq(hit.status, 500);
    ck_assert_int_eq(faults_take(&faults, "s", "GET", "/", &hit), 30);
    ck_assert_int_eq(hit.kind, FAULT_MALFORMED);
    ck_assert_int_eq(faults_take(&faults, "s", "GET", "/", &hit), 30);
    ck_assert_int_eq(hit.kind, FAULT_NONE);
    ck_assert_int_eq(faults_clear(&faults, "nobody", 0), 0);
    ck_assert_int_eq(faults_clear(&faults, "", 1), 1);
    ck_assert_int_eq(faults.count, 0);
}
END_TEST

START_TEST(there_is_room_for_so_many_faults)
{
    struct faults faults = { 0 };
    struct fault fault = { .kind = FAULT_CUT };

    for (int i = 1; i <= FAULTS_MAX; i++)
        ck_assert_int_eq(faults_add(&faults, &fault), i);
    ck_assert_int_eq(faults_add(&faults, &fault), -ENOSPC);
    ck_assert_int_eq(faults_clear(&faults, "", 0), FAULTS_MAX);
}
END_TEST

static unsigned long number_at(const unsigned char *at)
{
    return (unsigned long)at[0] << 24 | (unsigned long)at[1] << 16 | (unsigned long)at[2] << 8 | at[3];
}

/* Each chunk's checksum holds, and its rows unpack to what width and height say. */
static void check_png(const unsigned char *png, size_t length, int width, int height)
{
    size_t at = 8;
    unsigned long raw = (unsigned long)(width + 1) * (unsigned long)height, n = 0;
    autotalloc unsigned char *rows = memory_check(talloc_size(NULL, raw));

    ck_assert_mem_eq(png, "\x89PNG\r\n\x1a\n", 8);
    ck_assert_uint_eq(number_at(png + 16), (unsigned long)width);
    ck_assert_uint_eq(number_at(png + 20), (unsigned long)height);
    for (; at < length; at += n + 12) {
        n = number_at(png + at);
        ck_assert_uint_le(at + n + 12, length);
        ck_assert_uint_eq(crc32(0, png + at + 4, (unsigned)(n + 4)), number_at(png + at + 8 + n));
        if (!memcmp(png + at + 4, "IDAT", 4))
            ck_assert_int_eq(uncompress(rows, &raw, png + at + 8, n), Z_OK);
    }
    ck_assert_uint_eq(at, length);
    ck_assert_mem_eq(png + length - 8, "IEND", 4);
    for (int y = 0; y < height; y++)
        ck_assert_int_eq(rows[(size_t)y * (size_t)(width + 1)], 0);
}

START_TEST(pictures_are_pngs_that_follow_from_their_seed)
{
    static const int sizes[][2] = { { 1, 1 }, { 640, 480 }, { 3, 2048 } };
    autotalloc void *ctx = talloc_new(NULL);
    size_t length, other_length;
    const unsigned char *png, *other;

    for (size_t i = 0; i < ELEMENTS(sizes); i++) {
        png = picture_png(ctx, "a seed", sizes[i][0], sizes[i][1], &length);
        check_png(png, length, sizes[i][0], sizes[i][1]);
        other = picture_png(ctx, "a seed", sizes[i][0], sizes[i][1], &other_length);
        ck_assert_uint_eq(length, other_length);
        ck_assert_mem_eq(png, other, length);
    }
    png = picture_png(ctx, "a seed", 64, 64, &length);
    other = picture_png(ctx, "another", 64, 64, &other_length);
    ck_assert(length != other_length || memcmp(png, other, length) != 0);
}
END_TEST

START_TEST(only_what_has_the_form_is_a_picture)
{
    static const char *const none[] = {
        "",
        "picture",
        "picture:",
        "picture:a",
        "picture:a:",
        "picture:a:10",
        "picture:a:10x",
        "picture:a:0x10",
        "picture:a:10x2049",
        "picture:a:10x10x",
        "picture:a:-1x10",
        "a picture:a:10x10",
        "picture::10x10",
    };
    autotalloc void *ctx = talloc_new(NULL);
    const unsigned char *png;
    size_t length;

    for (size_t i = 0; i < ELEMENTS(none); i++)
        ck_assert_msg(!picture_of(ctx, none[i], &length), "%s", none[i]);
    png = picture_of(ctx, "picture:a:20x10", &length);
    check_png(png, length, 20, 10);
}
END_TEST

START_TEST(pictures_are_filled_in)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *plain = "{\"url\": \"http://picture/\"}";
    const char *filled =
        pictures_fill(ctx, "{\"data\":[{\"b64\":\"picture:s:8x8\"},{\"b64\":\"picture:s:8\"}],\"n\":1}");

    ck_assert_ptr_eq(pictures_fill(ctx, plain), plain);
    ck_assert_ptr_nonnull(strstr(filled, "{\"data\":[{\"b64\":\"iVBORw0KGgo"));
    ck_assert_ptr_nonnull(strstr(filled, "{\"b64\":\"picture:s:8\"}],\"n\":1}"));
}
END_TEST

SUITE(sandbox)
{
    tcase_add_test(tests, names_are_nested);
    tcase_add_test(tests, a_fault_hits_what_it_is_meant_for);
    tcase_add_test(tests, the_oldest_fault_counts_and_latencies_add);
    tcase_add_test(tests, there_is_room_for_so_many_faults);
    tcase_add_test(tests, pictures_are_pngs_that_follow_from_their_seed);
    tcase_add_test(tests, only_what_has_the_form_is_a_picture);
    tcase_add_test(tests, pictures_are_filled_in);
}
