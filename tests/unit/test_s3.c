/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signed URLs of S3. The first is the example of "Authenticating Requests: Using Query Parameters (AWS Signature
 * Version 4)" in Amazon's S3 API reference, with the signature printed there. What the server makes of them is
 * tests/s3's. */
#include "common/memory.h"
#include "common/provider/s3.h"
#include "common/provider/s3_call.h"
#include "tests/unit/suite.h"
#include <errno.h>
#include <string.h>

static const struct s3 example = {
    .endpoint = "https://s3.amazonaws.com",
    .bucket = "examplebucket",
    .region = "us-east-1",
    .access_key = "AKIAIOSFODNN7EXAMPLE",
    .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
enum { EXAMPLE_NOW = 1369353600 }; /* 2013-05-24T00:00:00Z */

START_TEST(amazons_example_is_signed_as_amazon_says)
{
    autotalloc char *url =
        s3_presign(NULL, &example,
                   &(struct s3_presigned){ .method = "GET", .key = "test.txt", .now = EXAMPLE_NOW, .seconds = 86400 });

    ck_assert_str_eq(url, "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                          "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                          "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                          "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}
END_TEST

static const char *signature_of(const char *url)
{
    const char *at = strstr(url, "&X-Amz-Signature=");

    ck_assert_ptr_nonnull(at);
    return at;
}

START_TEST(all_that_is_asked_for_is_signed)
{
    autotalloc void *ctx = talloc_new(NULL);
    const struct s3_presigned base = { .method = "GET", .key = "a/b.png", .now = EXAMPLE_NOW, .seconds = 60 };
    struct s3_presigned other[5] = { base, base, base, base, base };
    struct s3 foreign = example;
    const char *first = signature_of(s3_presign(ctx, &example, &base));

    other[0].method = "HEAD";
    other[1].key = "a/c.png";
    other[2].seconds = 61;
    other[3].type = "image/png";
    other[4].disposition = "inline";
    for (size_t i = 0; i < ELEMENTS(other); i++)
        ck_assert_str_ne(signature_of(s3_presign(ctx, &example, &other[i])), first);
    foreign.bucket = "anotherbucket";
    ck_assert_str_ne(signature_of(s3_presign(ctx, &foreign, &base)), first);
    ck_assert_str_eq(signature_of(s3_presign(ctx, &example, &base)), first);
}
END_TEST

START_TEST(headers_of_the_answer_stand_sorted_and_encoded)
{
    autotalloc char *url = s3_presign(NULL, &example,
                                      &(struct s3_presigned){ .method = "GET",
                                                              .key = "a/b.png",
                                                              .type = "image/png",
                                                              .disposition = "attachment; filename=\"a~b.png\"",
                                                              .now = EXAMPLE_NOW,
                                                              .seconds = 60 });

    ck_assert_ptr_nonnull(strstr(url, "&X-Amz-SignedHeaders=host"
                                      "&response-content-disposition=attachment%3B%20filename%3D%22a~b.png%22"
                                      "&response-content-type=image%2Fpng&X-Amz-Signature="));
}
END_TEST

static const struct {
    const char *endpoint, *key, *url;
    bool path_style;
} urls[] = {
    { "https://s3.example", "a/b c", "https://bucket.s3.example/a/b%20c", false },
    { "https://s3.example", "a", "https://s3.example/bucket/a", true },
    { "https://s3.example", "", "https://s3.example/bucket", true },
    { "https://s3.example", "", "https://bucket.s3.example/", false },
    { "https://s3.example:443", "a", "https://bucket.s3.example/a", false },
    { "http://127.0.0.1:80", "a", "http://127.0.0.1/bucket/a", true },
    { "http://127.0.0.1:443", "a", "http://127.0.0.1:443/bucket/a", true },
    { "http://[::1]:9000", "a", "http://[::1]:9000/bucket/a", true },
};

START_TEST(an_address)
{
    const struct s3 s3 = { .endpoint = urls[_i].endpoint, .bucket = "bucket", .path_style = urls[_i].path_style };
    autotalloc char *url = s3_url(NULL, &s3, urls[_i].key);

    ck_assert_str_eq(url, urls[_i].url);
}
END_TEST

START_TEST(an_element_is_found)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *at = "<a><Key>one</Key><Key>t&amp;o</Key><Key><b/></Key><Key>two</Key><Key>open";

    ck_assert_str_eq(s3_element(ctx, &at, "Key"), "one");
    ck_assert_ptr_null(s3_element(ctx, &at, "Key")); /* not plain: passed over */
    ck_assert_ptr_null(s3_element(ctx, &at, "Key"));
    ck_assert_str_eq(s3_element(ctx, &at, "Key"), "two");
    ck_assert_ptr_null(s3_element(ctx, &at, "Key"));
    ck_assert_str_eq(at, "<Key>open");
}
END_TEST

START_TEST(words_that_mean_later)
{
    ck_assert_int_eq(s3_code_error("SlowDown"), -EAGAIN);
    ck_assert_int_eq(s3_code_error("RequestTimeout"), -EAGAIN);
    ck_assert_int_eq(s3_code_error("InvalidPart"), -EIO);
    ck_assert_int_eq(s3_code_error(""), -EIO);
}
END_TEST

SUITE(s3)
{
    tcase_add_test(tests, amazons_example_is_signed_as_amazon_says);
    tcase_add_test(tests, all_that_is_asked_for_is_signed);
    tcase_add_test(tests, headers_of_the_answer_stand_sorted_and_encoded);
    tcase_add_loop_test(tests, an_address, 0, ELEMENTS(urls));
    tcase_add_test(tests, an_element_is_found);
    tcase_add_test(tests, words_that_mean_later);
}
