/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "common/provider/mail_text.h"
#include "tests/unit/suite.h"
#include <errno.h>

static const time_t date = 1700000000;
static const struct mail standard_mail = {
    .from = "Millrace <no-reply@millrace.example>",
    .to = "ann@b.example",
    .subject = "Your code",
    .text = "Your code is 123456.\n.hidden\nend ",
    .message_id = "1.abc@millrace.example",
};

#define HEADERS(from, to, subject)                                                                                     \
    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nFrom: " from "\r\nTo: " to "\r\nSubject: " subject                       \
    "\r\nMessage-ID: <1.abc@millrace.example>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
#define PART(type) "Content-Type: text/" type "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"

START_TEST(a_plain_mail_is_one_part)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct mail_text text;

    ck_assert_int_eq(mail_compose(ctx, &standard_mail, date, &text), 0);
    ck_assert_str_eq(text.text, HEADERS("\"Millrace\" <no-reply@millrace.example>", "ann@b.example", "Your code")
                                    PART("plain") "Your code is 123456.\r\n=2Ehidden\r\nend=20\r\n");
    ck_assert_uint_eq(text.length, strlen(text.text));
    ck_assert_str_eq(text.from, "no-reply@millrace.example");
    ck_assert_str_eq(text.to, "ann@b.example");
}
END_TEST

START_TEST(html_makes_an_alternative)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct mail mail = standard_mail;
    struct mail_text text;

    mail.text = "a=b\r\nc\rd\n";
    mail.html = "<p class=\"x\">--=_millrace</p>";
    ck_assert_int_eq(mail_compose(ctx, &mail, date, &text), 0);
    ck_assert_str_eq(
        text.text,
        HEADERS("\"Millrace\" <no-reply@millrace.example>", "ann@b.example",
                "Your code") "Content-Type: multipart/alternative; boundary=\"=_millrace\"\r\n\r\n"
                             "--=_millrace\r\n" PART("plain") "a=3Db\r\nc\r\nd\r\n\r\n"
                                                              "--=_millrace\r\n" PART(
                                                                  "html") "<p class=3D\"x\">--=3D_millrace</p>\r\n\r\n"
                                                                          "--=_millrace--\r\n");
}
END_TEST

START_TEST(names_and_subjects_are_encoded_when_they_must)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct mail mail = standard_mail;
    struct mail_text text;

    mail.from = "\"Lee, \"Ann\"\" <ann@b.example>";
    mail.to = "Zo\xc3\xab <zoe@b.example>";
    mail.subject = "\xe2\x82\xac 5 =?x?=";
    ck_assert_int_eq(mail_compose(ctx, &mail, date, &text), 0);
    ck_assert_ptr_nonnull(strstr(text.text, "\r\nFrom: \"Lee, \\\"Ann\\\"\" <ann@b.example>\r\n"));
    ck_assert_ptr_nonnull(strstr(text.text, "\r\nTo: =?UTF-8?B?Wm/Dqw==?=\r\n <zoe@b.example>\r\n"));
    ck_assert_ptr_nonnull(strstr(text.text, "\r\nSubject: =?UTF-8?B?4oKsIDUgPT94Pz0=?=\r\n"));
    mail.subject = "=?UTF-8?B?eA==?=";
    ck_assert_int_eq(mail_compose(ctx, &mail, date, &text), 0);
    ck_assert_ptr_nonnull(strstr(text.text, "\r\nSubject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=\r\n"));
}
END_TEST

/* No line is over 76 bytes, all is ASCII, and CR and LF come in pairs. */
static void assert_tame(const char *text)
{
    for (const char *line = text, *end; *line; line = end + 2) {
        end = strchr(line, '\r');
        ck_assert_ptr_nonnull(end);
        ck_assert_int_eq(end[1], '\n');
        ck_assert_int_le(end - line, 76);
        for (const char *p = line; p < end; p++)
            ck_assert((*p >= 0x20 && *p < 0x7f) || *p == '\t');
    }
}

START_TEST(long_texts_are_folded_between_characters)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *euros = COPY(ctx, "");
    struct mail mail = standard_mail;
    struct mail_text text;

    for (int i = 0; i < 300; i++)
        euros = memory_check(talloc_strdup_append(euros, "\xe2\x82\xac"));
    mail.subject = euros;
    mail.text = FORMAT(ctx, "%sx%s  .\t\n", euros, euros);
    ck_assert_int_eq(mail_compose(ctx, &mail, date, &text), 0);
    assert_tame(text.text);
    /* 39 bytes of thirteen whole characters a word */
    ck_assert_ptr_nonnull(
        strstr(text.text, "Subject: =?UTF-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs?=\r\n =?UTF-8?B?"));
    ck_assert_ptr_nonnull(strstr(text.text, "=\r\n"));
    ck_assert_ptr_nonnull(strstr(text.text, ".=09\r\n"));
}
END_TEST

/* One member of the standard mail put in place of the good one. */
static const struct {
    size_t member;
    const char *value;
} refused[] = {
#define AT(name) offsetof(struct mail, name)
    { AT(subject), "x\r\nBcc: eve@c.example" },
    { AT(subject), "x\ny" },
    { AT(subject), "x\x7f" },
    { AT(subject), "x\xff" },
    { AT(to), "a@b.example\r\nBcc: eve@c.example" },
    { AT(to), "a@b.example>\r\nRCPT TO:<eve@c.example" },
    { AT(to), "a@b.example,eve@c.example" },
    { AT(to), "a @b.example" },
    { AT(to), "a@" },
    { AT(to), "@b.example" },
    { AT(to), "" },
    { AT(to), "\xc3\xab@b.example" },
    { AT(to), "Ann <a@b.example" },
    { AT(to), "Ann <a@b.example> x" },
    { AT(from), "Ann\r\nX: y <a@b.example>" },
    { AT(from), "Ann <a@b.example\r\n>" },
    { AT(message_id), "1@b\r\nX: y" },
    { AT(message_id), "<1@b>" },
    { AT(text), "x\xff" },
    { AT(html), "x\xff" },
#undef AT
};

START_TEST(what_could_carry_a_header_is_refused)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct mail_text text = { .text = NULL };
    struct mail mail = standard_mail;

    memcpy((char *)&mail + refused[_i].member, &refused[_i].value, sizeof refused[_i].value);
    ck_assert_int_eq(mail_compose(ctx, &mail, date, &text), -EINVAL);
    ck_assert_ptr_null(text.text);
}
END_TEST

START_TEST(a_subject_has_a_bound)
{
    autotalloc void *ctx = talloc_new(NULL);
    char *subject = talloc_zero_size(ctx, 1000);
    struct mail mail = standard_mail;
    struct mail_text text;

    mail.subject = memset(subject, 'x', 998);
    ck_assert_int_eq(mail_compose(ctx, &mail, date, &text), 0);
    assert_tame(text.text);
    subject[998] = 'x';
    ck_assert_int_eq(mail_compose(ctx, &mail, date, &text), -EINVAL);
}
END_TEST

SUITE(mail_text)
{
    tcase_add_test(tests, a_plain_mail_is_one_part);
    tcase_add_test(tests, html_makes_an_alternative);
    tcase_add_test(tests, names_and_subjects_are_encoded_when_they_must);
    tcase_add_test(tests, long_texts_are_folded_between_characters);
    tcase_add_loop_test(tests, what_could_carry_a_header_is_refused, 0, ELEMENTS(refused));
    tcase_add_test(tests, a_subject_has_a_bound);
}
