/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/input/conditions.h"
#include <string.h>
#include <strings.h>

#define BLANKS " \t"
/* What a token may hold (RFC 9110, 5.6.2). */
#define TOKEN                                                                                                          \
    "!#$%&'*+-.^_`|~0123456789"                                                                                        \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { WAIT_MAX = 1000000 }; /* no more is told apart */

/* ---- tags ---- */

/* Behind a W/, which a weak comparison does not look at. */
static const char *opaque(const char *tag)
{
    return strncmp(tag, "W/", 2) ? tag : tag + 2;
}

/* The end of the quoted text at `at`, or NULL: none is there. */
static const char *tag_end(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while ((unsigned char)*at > ' ' && *at != '"' && *at != 0x7f)
        at++;
    return *at == '"' ? at + 1 : NULL;
}

bool tag_is_listed(const char *list, const char *tag)
{
    const char *at = list + strspn(list, BLANKS), *wanted = opaque(tag), *end;
    size_t length = strlen(wanted);

    if (*at == '*')
        return !at[1 + strspn(at + 1, BLANKS)];
    for (;; at = end) {
        at += strspn(at, BLANKS ","); /* an empty member is none */
        at = opaque(at);
        end = tag_end(at);
        if (!end)
            return false;
        if ((size_t)(end - at) == length && !memcmp(at, wanted, length))
            return true;
        end += strspn(end, BLANKS);
        if (*end != ',')
            return false;
    }
}

/* ---- preferences ---- */

struct word {
    const char *text;
    size_t length;
};

static bool word_is(struct word word, const char *text)
{
    return word.length == strlen(text) && !strncasecmp(word.text, text, word.length);
}

static struct word take_token(const char **at)
{
    struct word word = { *at, strspn(*at, TOKEN) };

    *at += word.length;
    return word;
}

/* What stands between quotes; a backslash in front of a character stays there. False: it does not end. */
static bool take_quoted(const char **at, struct word *ret)
{
    const char *from = ++*at;

    for (; **at && **at != '"'; ++*at)
        if (**at == '\\' && !*++*at)
            return false;
    if (!**at)
        return false;
    *ret = (struct word){ from, (size_t)(*at - from) };
    ++*at;
    return true;
}

/* NAME, NAME=WORD or NAME="TEXT"; without a value its length is 0. False: it is none. */
static bool take_parameter(const char **at, struct word *name, struct word *value)
{
    *value = (struct word){ "", 0 };
    *name = take_token(at);
    *at += strspn(*at, BLANKS);
    if (!name->length || **at != '=')
        return name->length > 0;
    ++*at;
    *at += strspn(*at, BLANKS);
    if (**at == '"')
        return take_quoted(at, value);
    *value = take_token(at);
    return value->length > 0;
}

/* Past the next comma that stands in no quotes. */
static void skip_member(const char **at)
{
    struct word ignored;

    while (**at && **at != ',') {
        if (**at != '"')
            ++*at;
        else if (!take_quoted(at, &ignored))
            return;
    }
}

/* One member of the list with its parameters, which say nothing to us; up to the comma behind it. */
static bool take_preference(const char **at, struct word *name, struct word *value)
{
    struct word parameter, ignored;

    if (!take_parameter(at, name, value))
        return false;
    for (;;) {
        *at += strspn(*at, BLANKS);
        if (**at != ';')
            return !**at || **at == ',';
        ++*at;
        *at += strspn(*at, BLANKS);
        if (**at && !strchr(";,", **at) && !take_parameter(at, &parameter, &ignored))
            return false;
    }
}

/* Digits only; -1 when it is no such number. */
static int seconds_of(struct word value)
{
    int seconds = 0;

    if (!value.length || strspn(value.text, "0123456789") < value.length)
        return -1;
    for (size_t i = 0; i < value.length && seconds < WAIT_MAX; i++)
        seconds = seconds * 10 + (value.text[i] - '0');
    return seconds < WAIT_MAX ? seconds : WAIT_MAX;
}

struct preferences preferences_read(const char *header)
{
    struct preferences preferences = { .wait = -1 };
    bool waits = false;

    for (const char *at = header; *at; skip_member(&at)) {
        struct word name, value;

        at += strspn(at, BLANKS ",");
        if (!take_preference(&at, &name, &value))
            continue;
        if (word_is(name, "respond-async") && !value.length)
            preferences.respond_async = true;
        if (word_is(name, "wait") && !waits) {
            waits = true;
            preferences.wait = seconds_of(value);
        }
    }
    return preferences;
}
