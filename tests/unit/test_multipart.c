/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "fcgi/input/form.h"
#include "fcgi/input/multipart.h"
#include "tests/unit/suite.h"
#include <errno.h>

#define TYPE "multipart/form-data; boundary=xYz"

/* What came, as text: NAME[@FILENAME]=DATA; */
struct heard {
    char text[4096];
    size_t length;
};

static void hear(struct heard *heard, const char *bytes, size_t n)
{
    ck_assert_uint_lt(heard->length + n, sizeof heard->text);
    memcpy(heard->text + heard->length, bytes, n);
    heard->length += n;
    heard->text[heard->length] = '\0';
}

static int begin(void *closure, const struct part *part)
{
    struct heard *heard = closure;

    hear(heard, part->name, strlen(part->name));
    if (part->file) {
        hear(heard, "@", 1);
        hear(heard, part->filename, strlen(part->filename));
    }
    hear(heard, "=", 1);
    return strcmp(part->name, "stop") ? 0 : -EPERM;
}

static int data(void *closure, const char *bytes, size_t n)
{
    struct heard *heard = closure;

    ck_assert_uint_gt(n, 0);
    hear(heard, bytes, n);
    return 0;
}

static int end(void *closure)
{
    struct heard *heard = closure;

    hear(heard, ";", 1);
    return 0;
}

/* Fed in two pieces, cut at `cut`. */
static int feed(const char *type, const char *body, size_t cut, struct heard *heard)
{
    const struct multipart_told told = { heard, begin, data, end };
    struct multipart multipart;
    int r = multipart_begin(&multipart, type, &told);

    *heard = (struct heard){ .length = 0 };
    r = r < 0 ? r : multipart_feed(&multipart, body, cut);
    r = r < 0 ? r : multipart_feed(&multipart, body + cut, strlen(body) - cut);
    return r < 0 ? r : multipart_finish(&multipart);
}

#define PART(head, text) "--xYz\r\nContent-Disposition: form-data; " head "\r\n\r\n" text "\r\n"
#define LAST "--xYz--\r\n"

static const struct {
    const char *body, *heard; /* NULL: malformed */
} cases[] = {
    { PART("name=\"a\"", "1") LAST, "a=1;" },
    { PART("name=a", "1") PART("name=\"b c\"", "") LAST, "a=1;b c=;" },
    { PART("name=\"f\"; filename=\"x.png\"\r\nContent-Type: image/png", "\r\n--xY\r\r\n--\r\n") LAST,
      "f@x.png=\r\n--xY\r\r\n--\r\n;" },
    { PART("name=\"f\"; filename=\"C:\\\\dir\\\\y.png\"", "d") LAST, "f@y.png=d;" },
    { PART("name=\"f\"; filename=\"../../etc/passwd\"", "d") LAST, "f@passwd=d;" },
    { PART("filename=\"name=x;.png\"; name=\"f\"", "d") LAST, "f@name=x;.png=d;" },
    { PART("name=\"q\\\"t\"", "d") LAST, "q\"t=d;" },
    { "preamble\r\n" PART("name=\"a\"", "1") LAST "epilogue", "a=1;" },
    { "--xYz \t\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n--xYz--", "a=1;" },
    { LAST, "" },
    { PART("name=\"a\"", "1"), NULL },
    { PART("name=\"a\"", "1") "--xYz-", NULL },
    { PART("name=\"a\"", "1") "--xYz-x", NULL },
    { PART("name=\"a\"", "1") "--xYzz" LAST, NULL },
    { PART("noname=\"a\"", "1") LAST, NULL },
    { "--xYz\r\nContent-Type: text/plain\r\n\r\n1\r\n" LAST, NULL },
    { "--xYz\r\n\r\n1\r\n" LAST, NULL },
    { "--xYz\nContent-Disposition: form-data; name=a\n\n1\n--xYz--", NULL },
    { "", NULL },
    { "--", NULL },
};

START_TEST(it_is_the_same_however_it_is_cut)
{
    size_t length = strlen(cases[_i].body);

    for (size_t cut = 0; cut <= length; cut++) {
        struct heard heard;
        int r = feed(TYPE, cases[_i].body, cut, &heard);

        ck_assert_int_eq(r, cases[_i].heard ? 0 : -EINVAL);
        if (cases[_i].heard)
            ck_assert_str_eq(heard.text, cases[_i].heard);
    }
}
END_TEST

static const struct {
    const char *type;
    int r;
} types[] = {
    { "multipart/form-data; boundary=\"xYz\"", 0 },
    { "Multipart/Form-Data;charset=utf-8;boundary=xYz", 0 },
    { "multipart/form-data", -EINVAL },
    { "multipart/form-data; boundary=", -EINVAL },
    { "multipart/form-data; boundary=\"a\x01\"", -EINVAL },
    { "multipart/form-data; boundary=\"unclosed", -EINVAL },
    { "multipart/form-database; boundary=xYz", -EINVAL },
    { "multipart/mixed; boundary=xYz", -EINVAL },
    { "multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890x",
      -EINVAL },
};

START_TEST(a_type_has_a_boundary)
{
    struct heard heard;

    ck_assert_int_eq(feed(types[_i].type, PART("name=\"a\"", "1") LAST, 5, &heard), types[_i].r);
}
END_TEST

START_TEST(heads_and_parts_are_bounded)
{
    autotalloc char *body = talloc_strdup(NULL, "--xYz\r\nX: ");
    struct heard heard;

    for (int i = 0; i < PART_HEAD_MAX / 16 + 1; i++)
        body = talloc_strdup_append(body, "0123456789abcdef");
    ck_assert_int_eq(feed(TYPE, body, 0, &heard), -E2BIG);
    talloc_free(body);
    body = talloc_strdup(NULL, "");
    for (int i = 0; i <= PARTS_MAX; i++)
        body = talloc_strdup_append(body, PART("name=\"a\"", ""));
    body = talloc_strdup_append(body, LAST);
    ck_assert_int_eq(feed(TYPE, body, 0, &heard), -E2BIG);
    ck_assert_int_eq(feed(TYPE, PART("name=\"stop\"", "1") LAST, 0, &heard), -EPERM);
}
END_TEST

static const struct {
    const char *text;
    int r;
    size_t count;
    const char *a;
} forms[] = {
    { "a=1&b=2&a=3", 0, 3, "1" },  { "a=%2B+x", 0, 1, "+ x" }, { "a", 0, 1, "" },      { "a=", 0, 1, "" },
    { "&&a=1&", 0, 1, "1" },       { "", 0, 0, NULL },         { "b=1", 0, 1, NULL },  { "a=%2", -EINVAL, 0, NULL },
    { "a=%00", -EINVAL, 0, NULL }, { "%61=1", 0, 1, "1" },     { "a==b", 0, 1, "=b" },
};

START_TEST(a_form_is_taken_apart)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct pairs pairs;

    ck_assert_int_eq(pairs_parse(ctx, forms[_i].text, strlen(forms[_i].text), &pairs), forms[_i].r);
    ck_assert_uint_eq(pairs.count, forms[_i].count);
    ck_assert_pstr_eq(pairs_get(&pairs, "a"), forms[_i].a);
}
END_TEST

START_TEST(a_form_is_bounded)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *text = talloc_strdup(ctx, "a=1");
    struct pairs pairs;

    for (int i = 0; i < PAIRS_MAX; i++)
        text = talloc_strdup_append(text, "&a=1");
    ck_assert_int_eq(pairs_parse(ctx, text, strlen(text), &pairs), -E2BIG);
    ck_assert_int_eq(pairs_parse(ctx, "a=1\0b", 5, &pairs), -EINVAL);
}
END_TEST

SUITE(multipart)
{
    tcase_add_loop_test(tests, it_is_the_same_however_it_is_cut, 0, ELEMENTS(cases));
    tcase_add_loop_test(tests, a_type_has_a_boundary, 0, ELEMENTS(types));
    tcase_add_test(tests, heads_and_parts_are_bounded);
    tcase_add_loop_test(tests, a_form_is_taken_apart, 0, ELEMENTS(forms));
    tcase_add_test(tests, a_form_is_bounded);
}
