/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/direct/mail/letters.h"
#include <errno.h>
#include <stdbool.h>

static const struct letter *find(const char *name)
{
    const struct letter *letter = letter_find(name);

    ck_assert_ptr_nonnull(letter);
    return letter;
}

static struct letter_text write_letter(void *ctx, const char *name, json_t *values)
{
    struct letter_text text;
    const char *why = "";

    ck_assert_msg(letter_write(ctx, find(name), values, "https://app.example", &text, &why) == 0, "%s", why);
    json_decref(values);
    return text;
}

/* Each {name} of a text is one of these parameters; what is named is counted. */
static void check_names(const struct letter *letter, const struct field *fields, const char *text, int *named)
{
    for (const char *open = strchr(text, '{'); open; open = strchr(open + 1, '{')) {
        bool found = false;

        for (int i = 0; fields[i].name; i++)
            if (!strncmp(fields[i].name, open + 1, strlen(fields[i].name)) && open[1 + strlen(fields[i].name)] == '}') {
                found = true;
                named[i]++;
            }
        ck_assert_msg(found, "the letter %s has no parameter %.20s", letter->name, open);
    }
}

/* A text names each of these, and nothing else. */
static void check_all_named(const struct letter *letter, const struct field *fields, const char *text)
{
    int named[16] = { 0 };

    check_names(letter, fields, text, named);
    for (int i = 0; fields[i].name; i++)
        ck_assert_msg(named[i] > 0, "the letter %s does not say %s of each", letter->name, fields[i].name);
}

START_TEST(all_that_letters_name_are_their_parameters)
{
    autotalloc void *ctx = talloc_new(NULL);

    for (const struct letter *letter = letters; letter->name; letter++) {
        int named[16] = { 0 };

        check_names(letter, letter->fields, letter->subject, named);
        for (const struct letter_part *part = letter->parts; part->text; part++) {
            const struct field *each = part->form == LETTER_EACH ? field_find(letter->fields, part->of) : NULL;

            ck_assert(part->of || part->form == LETTER_SAY || part->form == LETTER_SHOW);
            if (each)
                check_all_named(letter, each->fields->fields, part->text);
            else
                check_names(letter, letter->fields, part->text, named);
            if (part->of)
                check_names(letter, letter->fields, FORMAT(ctx, "{%s}", part->of), named);
        }
        for (int i = 0; letter->fields[i].name; i++)
            ck_assert_msg(named[i] > 0, "the letter %s does not say %s", letter->name, letter->fields[i].name);
    }
}
END_TEST

START_TEST(a_letter_is_text_and_html)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct letter_text text = write_letter(ctx, "sign_in", json_pack("{s:s}", "code", "123456"));

    ck_assert_str_eq(text.subject, "Your sign-in code");
    ck_assert_str_eq(text.text,
                     "Your sign-in code is\n\n123456\n\nIt is good for ten minutes and for one sign-in. If you "
                     "did not ask for it, you can ignore this mail.\n");
    ck_assert_ptr_nonnull(strstr(text.html, "monospace\">123456</p>\n"));
    ck_assert_ptr_nonnull(strstr(text.html, "</body></html>\n"));
}
END_TEST

START_TEST(words_of_others_mean_nothing)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct letter_text text =
        write_letter(ctx, "notice",
                     json_pack("{s:s, s:s, s:s}", "title", "{message}\r\nBcc: eve@c.example", "message",
                               "<script>a && 'b' \"c\"</script>\n{title}", "action_url", "/x?a=\"><b>&c=1"));

    ck_assert_str_eq(text.subject, "{message}  Bcc: eve@c.example");
    ck_assert_ptr_null(strstr(text.html, "<script>"));
    ck_assert_ptr_nonnull(
        strstr(text.html, "<p>&lt;script&gt;a &amp;&amp; &#39;b&#39; &quot;c&quot;&lt;/script&gt;<br>\n{title}</p>"));
    ck_assert_ptr_nonnull(
        strstr(text.html, "<a href=\"https://app.example/x?a=&quot;&gt;&lt;b&gt;&amp;c=1\">Have a look</a>"));
    ck_assert_ptr_nonnull(strstr(text.text, "<script>a && 'b' \"c\"</script>\n{title}\n\n"));
    ck_assert_ptr_nonnull(strstr(text.text, "Have a look: https://app.example/x?a=\"><b>&c=1\n\n"));
}
END_TEST

static const struct {
    const char *place, *link;
} places[] = {
    { "https://there.example/", "https://there.example/" },
    { "http://there.example/", "http://there.example/" },
    { "/here", "https://app.example/here" },
    { "javascript:alert(1)", NULL },
    { "data:text/html,x", NULL },
    { "here", NULL },
    { "", NULL },
};

START_TEST(links_lead_to_pages_or_nowhere)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct letter_text text = write_letter(
        ctx, "notice", json_pack("{s:s, s:s, s:s}", "title", "t", "message", "m", "action_url", places[_i].place));

    ck_assert_int_eq(strstr(text.html, "href") != NULL, places[_i].link != NULL);
    ck_assert_int_eq(strstr(text.text, "Have a look") != NULL, places[_i].link != NULL);
    if (places[_i].link)
        ck_assert_ptr_nonnull(strstr(text.html, FORMAT(ctx, "href=\"%s\"", places[_i].link)));
}
END_TEST

START_TEST(a_link_may_be_missing)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct letter_text text =
        write_letter(ctx, "notice", json_pack("{s:s, s:s, s:n}", "title", "t", "message", "m", "action_url"));

    ck_assert_ptr_null(strstr(text.html, "href"));
}
END_TEST

static json_t *happenings(int count)
{
    json_t *lines = json_array();

    for (int i = 1; i <= count; i++)
        json_array_append_new(lines, json_pack("{s:s, s:o, s:s}", "at", "Jan 15 10:30", "title",
                                               json_sprintf("No %d in <b>", i), "message", "{news}\nand & more"));
    return lines;
}

START_TEST(a_digest_is_a_list)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct letter_text text = write_letter(ctx, "digest",
                                           json_pack("{s:s, s:o, s:s, s:s}", "news", "52 notifications", "lines",
                                                     happenings(2), "more", "50", "action_url", "/notifications"));

    ck_assert_str_eq(text.subject, "Expense Tracker: 52 notifications");
    ck_assert_ptr_nonnull(strstr(text.text, "This is what has happened:\n\n"
                                            "- Jan 15 10:30  No 1 in <b>: {news} and & more\n"
                                            "- Jan 15 10:30  No 2 in <b>: {news} and & more\n\n"
                                            "and 50 more\n\n"
                                            "Have a look: https://app.example/notifications\n\n"));
    ck_assert_ptr_nonnull(strstr(text.html,
                                 "<ul>\n<li>Jan 15 10:30  No 1 in &lt;b&gt;: {news}<br>\nand &amp; more</li>\n"
                                 "<li>Jan 15 10:30  No 2"));
    ck_assert_ptr_nonnull(
        strstr(text.html, "</ul>\n<p>and 50 more</p>\n<p><a href=\"https://app.example/notifications\""));
    ck_assert_ptr_null(strstr(text.html, "<b>"));
}
END_TEST

START_TEST(a_digest_that_is_whole_has_no_more)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct letter_text text = write_letter(
        ctx, "digest", json_pack("{s:s, s:o, s:n}", "news", "1 notification", "lines", happenings(1), "more"));

    ck_assert_ptr_null(strstr(text.text, "more\n\nHave"));
    ck_assert_ptr_null(strstr(text.text, "and  more"));
    ck_assert_ptr_null(strstr(text.html, "href"));
    ck_assert_ptr_nonnull(strstr(text.html, "</ul>\n<p>You get this mail"));
}
END_TEST

START_TEST(a_digest_has_a_bound)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *many = json_pack("{s:s, s:o}", "news", "51 notifications", "lines", happenings(51));
    json_auto_t *none = json_pack("{s:s, s:o}", "news", "0 notifications", "lines", json_array());
    struct letter_text text;
    const char *why = NULL;

    ck_assert_int_eq(letter_write(ctx, find("digest"), many, "", &text, &why), -EINVAL);
    ck_assert_str_eq(why, "lines must have at most 50 items");
    ck_assert_int_eq(letter_write(ctx, find("digest"), none, "", &text, &why), -EINVAL);
}
END_TEST

START_TEST(values_are_checked)
{
    autotalloc void *ctx = talloc_new(NULL);
    json_auto_t *none = json_object(), *wrong = json_pack("{s:i}", "code", 7);
    struct letter_text text = { .text = NULL };
    const char *why = NULL;

    ck_assert_int_eq(letter_write(ctx, find("sign_in"), none, "", &text, &why), -EINVAL);
    ck_assert_str_eq(why, "code is required");
    ck_assert_int_eq(letter_write(ctx, find("sign_in"), wrong, "", &text, &why), -EINVAL);
    ck_assert_int_eq(letter_write(ctx, find("sign_in"), NULL, "", &text, &why), -EINVAL);
    ck_assert_ptr_null(text.text);
    ck_assert_ptr_null(letter_find("postcard"));
}
END_TEST

SUITE(letters)
{
    tcase_add_test(tests, all_that_letters_name_are_their_parameters);
    tcase_add_test(tests, a_letter_is_text_and_html);
    tcase_add_test(tests, words_of_others_mean_nothing);
    tcase_add_loop_test(tests, links_lead_to_pages_or_nowhere, 0, ELEMENTS(places));
    tcase_add_test(tests, a_link_may_be_missing);
    tcase_add_test(tests, a_digest_is_a_list);
    tcase_add_test(tests, a_digest_that_is_whole_has_no_more);
    tcase_add_test(tests, a_digest_has_a_bound);
    tcase_add_test(tests, values_are_checked);
}
