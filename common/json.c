/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* What a caller may be told. jansson's own words quote the text, which is not ours to repeat. */
static const char *const reasons[] = {
    [json_error_invalid_utf8] = "not UTF-8",
    [json_error_premature_end_of_input] = "the text ends too early",
    [json_error_end_of_input_expected] = "more text after the end of the value",
    [json_error_invalid_syntax] = "not JSON",
    [json_error_null_character] = "the character U+0000 is not accepted",
    [json_error_null_byte_in_key] = "the character U+0000 is not accepted",
    [json_error_duplicate_key] = "a member is named twice",
    [json_error_numeric_overflow] = "a number is too large (whole numbers have 64 bits at most)",
};

static const char *reason_of(const json_error_t *error)
{
    size_t code = json_error_code(error);
    return code < ELEMENTS(reasons) && reasons[code] ? reasons[code] : "not JSON";
}

/* Levels of [ and { outside of strings. Done before parsing: the parser recurses, so depth costs it stack. */
static bool too_deep(const char *text, size_t length)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return false;
}

int json_parse_strict(void *ctx, const char *text, size_t length, json_t **ret, const char **ret_why)
{
    json_error_t error;
    json_t *value;

    if (too_deep(text, length)) {
        *ret_why = FORMAT(ctx, "nested deeper than %d levels", JSON_DEPTH_MAX);
        return -ELOOP;
    }
    /* The parser takes a zero byte after the value for the end of the text. */
    if (memchr(text, '\0', length)) {
        *ret_why = "the text has a zero byte";
        return -EINVAL;
    }
    value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        *ret_why = FORMAT(ctx, "line %d, column %d: %s", error.line, error.column, reason_of(&error));
        return -EINVAL;
    }
    *ret = value;
    return 0;
}

/* Whether 15 digits tell every number of a value from its neighbours. */
static bool is_short(json_t *value)
{
    const char *key;
    json_t *member;
    char text[32];
    size_t i;

    if (json_is_real(value)) {
        snprintf(text, sizeof text, "%.15g", json_real_value(value));
        return strtod(text, NULL) >= json_real_value(value) && strtod(text, NULL) <= json_real_value(value);
    }
    json_array_foreach(value, i, member) if (!is_short(member)) return false;
    json_object_foreach(value, key, member) if (!is_short(member)) return false;
    return true;
}

size_t json_digits(const json_t *value)
{
    return is_short((json_t *)(uintptr_t)value) ? JSON_REAL_PRECISION(15) : JSON_REAL_PRECISION(17);
}

char *json_text(void *ctx, const json_t *value)
{
    autofree char *text = memory_check(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | json_digits(value)));
    return COPY(ctx, text);
}

/* text with each byte that is not UTF-8 replaced by U+FFFD, on ctx. */
static char *utf8_mend(void *ctx, const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    char *mended = memory_check(talloc_size(ctx, strlen(text) * (sizeof replacement - 1) + 1)), *to = mended;
    uint32_t character;

    while (*text) {
        size_t n = utf8_next(text, &character);
        to = n ? mempcpy(to, text, n) : mempcpy(to, replacement, sizeof replacement - 1);
        text += n ? n : 1;
    }
    *to = '\0';
    return mended;
}

char *json_quote(void *ctx, const char *text)
{
    autotalloc char *mended = utf8_mend(NULL, text);
    json_auto_t *value = memory_check(json_string_nocheck(mended));
    return json_text(ctx, value);
}
