/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/mail/letters.h"
#include "common/memory.h"
#include <errno.h>
#include <string.h>

#define PARTS(...) ((const struct letter_part[]){ __VA_ARGS__, { .text = NULL } })
#define SAY(words)                                                                                                     \
    {                                                                                                                  \
        .form = LETTER_SAY, .text = words                                                                              \
    }
#define SHOW(words)                                                                                                    \
    {                                                                                                                  \
        .form = LETTER_SHOW, .text = words                                                                             \
    }
#define SAY_OF(field, words)                                                                                           \
    {                                                                                                                  \
        .form = LETTER_SAY, .text = words, .of = field                                                                 \
    }
#define LINK(words, field)                                                                                             \
    {                                                                                                                  \
        .form = LETTER_LINK, .text = words, .of = field                                                                \
    }
#define EACH(field, words)                                                                                             \
    {                                                                                                                  \
        .form = LETTER_EACH, .text = words, .of = field                                                                \
    }
#define VALUE(id, most)                                                                                                \
    {                                                                                                                  \
        .name = id, .type = TEXT, .flags = REQUIRED, .min = 1, .max = most                                             \
    }
#define PLACE(id)                                                                                                      \
    {                                                                                                                  \
        .name = id, .type = TEXT, .flags = NULLABLE, .max = 2048                                                       \
    }
#define VALUES(id, most, ...)                                                                                          \
    {                                                                                                                  \
        .name = id, .type = LIST, .flags = REQUIRED, .min = 1, .max = most,                                            \
        .fields = FIELDS({ .name = "one", .type = OBJECT, .fields = FIELDS(__VA_ARGS__) })                             \
    }

/* clang-format off */
const struct letter letters[] = {
    { .name = "sign_in", .subject = "Your sign-in code", .fields = FIELDS(VALUE("code", 15)),
      .parts = PARTS(SAY("Your sign-in code is"), SHOW("{code}"),
                     SAY("It is good for ten minutes and for one sign-in. If you did not ask for it, you can ignore this mail.")) },
    { .name = "reset", .subject = "Set another password", .fields = FIELDS(VALUE("token", 128)),
      .parts = PARTS(SAY("To set another password, use this token:"), SHOW("{token}"),
                     SAY("It is good for one hour and for one time. If you did not ask for it, you can ignore this mail.")) },
    { .name = "verify", .subject = "Please verify your address", .fields = FIELDS(VALUE("token", 128)),
      .parts = PARTS(SAY("To say that this address is yours, use this token:"), SHOW("{token}"),
                     SAY("It is good for seven days and for one time. If you did not open an account, you can ignore this mail.")) },
    { .name = "invitation", .subject = "{inviter} invites you to {group}",
      .fields = FIELDS(VALUE("inviter", 170), VALUE("group", 100), VALUE("message", 500), VALUE("token", 128)),
      .parts = PARTS(SAY("{inviter} invites you to the group \"{group}\":"), SAY("{message}"), SAY("To join it, sign in and use this token:"),
                     SHOW("{token}"),
                     SAY("It is good for seven days and for one time. If you do not know what this is about, you can ignore this mail.")) },
    { .name = "notice", .subject = "{title}",
      .fields = FIELDS(VALUE("title", 200), VALUE("message", 5000), PLACE("action_url")),
      .parts = PARTS(SAY("{message}"), LINK("Have a look", "action_url"),
                     SAY("You get this mail because you asked to be told of such things. Your preferences say what is sent.")) },
    { .name = "digest", .subject = "Expense Tracker: {news}",
      .fields = FIELDS(VALUE("news", 80), VALUES("lines", 50, VALUE("at", 40), VALUE("title", 200), VALUE("message", 5000)),
                       PLACE("more"), PLACE("action_url")),
      .parts = PARTS(SAY("This is what has happened:"), EACH("lines", "{at}  {title}: {message}"), SAY_OF("more", "and {more} more"),
                     LINK("Have a look", "action_url"),
                     SAY("You get this mail because you asked to be told of such things once a day or once a week. Your preferences "
                         "say what is sent.")) },
    { .name = "hook_disabled", .subject = "Your webhook was switched off",
      .fields = FIELDS(VALUE("url", 2048), VALUE("failures", 10), VALUE("reason", 500)),
      .parts = PARTS(SAY("Your webhook was switched off, because {failures} deliveries in a row have failed. It went to"),
                     SHOW("{url}"), SAY("The last one failed with: {reason}"),
                     SAY("To have events delivered again, make a new webhook once the address answers.")) },
    { .name = NULL },
};
/* clang-format on */

const struct letter *letter_find(const char *name)
{
    const struct letter *letter = letters;

    while (letter->name && strcmp(letter->name, name) != 0)
        letter++;
    return letter->name ? letter : NULL;
}

/* ---- words ---- */

/* A text while it is written, and what the parameters hold. */
struct writing {
    void *ctx;
    json_t *values;
    const char *root;
    char *text;
};

typedef void put_fn(struct writing *writing, const char *words, size_t length);

static void put_plain(struct writing *writing, const char *words, size_t length)
{
    writing->text = memory_check(talloc_strndup_append_buffer(writing->text, words, length));
}

/* A subject is one line: what would begin another is a blank. */
static void put_line(struct writing *writing, const char *words, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put_plain(writing, (unsigned char)words[i] < 0x20 || words[i] == 0x7f ? " " : words + i, 1);
}

static void put_html(struct writing *writing, const char *words, size_t length)
{
    static const char *const entities[256] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;", ['\n'] = "<br>\n",
    };

    for (size_t i = 0; i < length; i++) {
        const char *entity = entities[(unsigned char)words[i]];
        put_plain(writing, entity ? entity : words + i, entity ? strlen(entity) : 1);
    }
}

static const char *value_of(const struct writing *writing, const char *name, size_t length)
{
    const char *value = json_string_value(json_object_getn(writing->values, name, length));
    return value ? value : "";
}

static void put_value(struct writing *writing, const char *name, size_t length, put_fn *put)
{
    const char *value = value_of(writing, name, length);
    put(writing, value, strlen(value));
}

/* Words with their parameters filled in. A parameter's own braces name none. */
static void put_words(struct writing *writing, const char *words, put_fn *put)
{
    while (*words) {
        const char *open = strchrnul(words, '{'), *close = strchr(open, '}');

        put(writing, words, (size_t)(open - words));
        if (!close)
            return;
        put_value(writing, open + 1, (size_t)(close - open - 1), put);
        words = close + 1;
    }
}

/* ---- parts ---- */

/* Where a link leads, or NULL: nowhere, or where no web page is. */
static const char *place_of(const struct writing *writing, const struct letter_part *part)
{
    const char *place = value_of(writing, part->of, strlen(part->of));

    if (*place == '/')
        return FORMAT(writing->ctx, "%s%s", writing->root, place);
    return strncmp(place, "https://", 8) && strncmp(place, "http://", 7) ? NULL : place;
}

static void put_words_around(struct writing *writing, const char *before, const char *words, const char *after,
                             put_fn *put)
{
    put_plain(writing, before, strlen(before));
    put_words(writing, words, put);
    put_plain(writing, after, strlen(after));
}

static void put_each(struct writing *writing, const struct letter_part *part, const char *before, const char *after,
                     put_fn *put)
{
    struct writing line = *writing;
    size_t i;

    json_array_foreach(json_object_get(writing->values, part->of), i, line.values)
        put_words_around(&line, before, part->text, after, put);
    writing->text = line.text;
}

static bool is_left_out(const struct writing *writing, const struct letter_part *part)
{
    const json_t *value = part->of ? json_object_get(writing->values, part->of) : NULL;

    return part->of && (!value || json_is_null(value));
}

static void part_text(struct writing *writing, const struct letter_part *part)
{
    const char *place;

    switch (part->form) {
    case LETTER_SAY:
    case LETTER_SHOW:
        put_words_around(writing, "", part->text, "\n\n", put_plain);
        break;
    case LETTER_LINK:
        place = place_of(writing, part);
        if (place)
            put_words_around(writing, "", part->text, FORMAT(writing->ctx, ": %s\n\n", place), put_plain);
        break;
    case LETTER_EACH:
        put_each(writing, part, "- ", "\n", put_line);
        put_plain(writing, "\n", 1);
        break;
    }
}

static void part_html(struct writing *writing, const struct letter_part *part)
{
    const char *place;

    switch (part->form) {
    case LETTER_SAY:
        put_words_around(writing, "<p>", part->text, "</p>\n", put_html);
        break;
    case LETTER_SHOW:
        put_words_around(writing, "<p style=\"font-size:1.4em;font-family:monospace\">", part->text, "</p>\n",
                         put_html);
        break;
    case LETTER_LINK:
        place = place_of(writing, part);
        if (!place)
            break;
        put_plain(writing, "<p><a href=\"", 12);
        put_html(writing, place, strlen(place));
        put_words_around(writing, "\">", part->text, "</a></p>\n", put_html);
        break;
    case LETTER_EACH:
        put_plain(writing, "<ul>\n", 5);
        put_each(writing, part, "<li>", "</li>\n", put_html);
        put_plain(writing, "</ul>\n", 6);
        break;
    }
}

/* ---- letters ---- */

static void ignore(void *closure, const char *name, const char *value)
{
    (void)closure;
    (void)name;
    (void)value;
}

static int values_check(void *ctx, const struct letter *letter, json_t *values, const char **ret_why)
{
    struct field_errors errors = { .count = 0 };

    if (!field_check_object(ctx, letter->fields, values, &errors, ignore, NULL)) {
        *ret_why = FORMAT(ctx, "%s %s", errors.list[0].field, errors.list[0].message);
        return -EINVAL;
    }
    return 0;
}

int letter_write(void *ctx, const struct letter *letter, json_t *values, const char *root, struct letter_text *ret,
                 const char **ret_why)
{
    struct writing subject = { .ctx = ctx, .values = values, .root = root }, text = subject, html = subject;
    int r = values_check(ctx, letter, values, ret_why);

    if (r < 0)
        return r;
    subject.text = COPY(ctx, "");
    text.text = COPY(ctx, "");
    html.text = COPY(ctx, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n");
    put_words(&subject, letter->subject, put_line);
    for (const struct letter_part *part = letter->parts; part->text; part++) {
        if (is_left_out(&text, part))
            continue;
        part_text(&text, part);
        part_html(&html, part);
    }
    put_plain(&html, "</body></html>\n", 15);
    text.text[strlen(text.text) - 1] = '\0'; /* one line end at the end */
    *ret = (struct letter_text){ .subject = subject.text, .text = text.text, .html = html.text };
    return 0;
}
