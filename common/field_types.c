/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/field_types.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <errno.h>
#include <math.h>

/* Letters of a class, by name: the C library's classes depend on the locale. */
#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { EMAIL_MAX = 254, EMAIL_LOCAL_MAX = 64, LABEL_MAX = 63 };

static const char *refuse(struct field_refusal *ret, enum field_reason reason, const char *message)
{
    *ret = (struct field_refusal){ reason, message };
    return NULL;
}

bool field_bounded(const struct field *field)
{
    return field->max > field->min || (field->max == field->min && field->max != 0);
}

bool field_within(const struct field *field, long long n)
{
    return n >= field->min && (!field_bounded(field) || n <= field->max);
}

static bool made_of(const char *text, const char *letters)
{
    return !text[strspn(text, letters)];
}

static char *lower(void *ctx, const char *text)
{
    char *copy = COPY(ctx, text);
    for (char *p = copy; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return copy;
}

const char *field_sized(void *ctx, const struct field *field, const char *text, long long characters,
                        struct field_refusal *ret)
{
    if (field_within(field, characters))
        return text;
    if (characters > field->min)
        return refuse(ret, FIELD_TOO_LONG, FORMAT(ctx, "must be at most %lld characters", field->max));
    if (!characters)
        return refuse(ret, FIELD_INVALID, "must not be empty");
    return refuse(ret, FIELD_INVALID, FORMAT(ctx, "must be at least %lld characters", field->min));
}

/* C0, DEL and C1, but for what a text area sends. */
static bool is_control(uint32_t c)
{
    return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || (c >= 0x7f && c < 0xa0);
}

/* But for controls that no text may have. */
static bool is_white(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000 ||
           c == 0xfeff;
}

const char *field_rule_text(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    bool blank = field->flags & NOT_BLANK;
    long long characters = 0;
    uint32_t character;
    size_t n;

    for (const char *p = text; *p; p += n, characters++) {
        n = utf8_next(p, &character);
        if (!n)
            return refuse(ret, FIELD_INVALID, "must be UTF-8 text");
        if (is_control(character))
            return refuse(ret, FIELD_INVALID, "must not contain control characters");
        blank = blank && is_white(character);
    }
    if (blank && characters)
        return refuse(ret, FIELD_INVALID, "must not be blank");
    return field_sized(ctx, field, text, characters, ret);
}

const char *field_rule_integer(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    const char *digits = text + (*text == '-');
    bool any = !field->min && !field->max;
    long long value;

    if (!*digits || !made_of(digits, DIGITS))
        return refuse(ret, FIELD_INVALID, "must be a whole number");
    errno = 0;
    value = strtoll(text, NULL, 10);
    if (field->flags & CLAMPED && value > field->max) {
        errno = 0;
        value = field->max;
    }
    if (!errno && (any || field_within(field, value)))
        return FORMAT(ctx, "%lld", value);
    if (field_bounded(field))
        return refuse(ret, FIELD_INVALID, FORMAT(ctx, "must be from %lld to %lld", field->min, field->max));
    if (!errno || (!any && *text == '-'))
        return refuse(ret, FIELD_INVALID, FORMAT(ctx, "must be at least %lld", field->min));
    return refuse(ret, FIELD_INVALID, "must be a whole number of 64 bits at most");
}

const char *field_rule_number(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    char *end;
    double value = strtod(text, &end);

    (void)ctx;
    if (end == text || *end || !isfinite(value))
        *ret = (struct field_refusal){ FIELD_INVALID, "must be a number" };
    else if (value < (double)field->min || (field_bounded(field) && value > (double)field->max))
        *ret = (struct field_refusal){ FIELD_INVALID, "is out of its bounds" };
    else
        return text;
    return NULL;
}

const char *field_rule_boolean(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    (void)ctx;
    (void)field;
    if (!strcmp(text, "true") || !strcmp(text, "1"))
        return "true";
    if (!strcmp(text, "false") || !strcmp(text, "0"))
        return "false";
    return refuse(ret, FIELD_INVALID, "must be true or false");
}

const char *field_rule_enum(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    char *message = COPY(ctx, "must be one of ");

    for (const char *const *value = field->values; *value; value++) {
        if (!strcmp(text, *value))
            return *value;
        message = memory_check(talloc_asprintf_append(message, "%s%s", value == field->values ? "" : ", ", *value));
    }
    return refuse(ret, FIELD_INVALID, message);
}

/* A host name of two labels or more, the last one not a number. */
static bool is_domain(const char *domain)
{
    int labels = 0;

    for (const char *label = domain;; labels++) {
        size_t n = strspn(label, LOWER UPPER DIGITS "-");
        if (!n || n > LABEL_MAX || label[0] == '-' || label[n - 1] == '-')
            return false;
        if (!label[n])
            return labels > 0 && n > 1 && !strchr(DIGITS, label[0]);
        if (label[n] != '.')
            return false;
        label += n + 1;
    }
}

/* RFC 5322's dot-atom: no quoted local parts, no comments, nothing that means something in a mail's header. */
static bool is_local(const char *local, size_t length)
{
    static const char atom[] = LOWER UPPER DIGITS "!#$%&'*+/=?^_`{|}~-";
    size_t at = 0;

    if (!length || length > EMAIL_LOCAL_MAX)
        return false;
    for (;;) {
        size_t n = strspn(local + at, atom);
        at += n;
        if (!n || at > length)
            return false;
        if (at == length)
            return true;
        if (local[at++] != '.')
            return false;
    }
}

const char *field_rule_email(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    const char *at = strchr(text, '@');

    (void)field;
    if (strlen(text) > EMAIL_MAX)
        return refuse(ret, FIELD_TOO_LONG, FORMAT(ctx, "must be at most %d characters", EMAIL_MAX));
    if (!at || !is_local(text, (size_t)(at - text)) || !is_domain(at + 1))
        return refuse(ret, FIELD_FORMAT, "must be a valid e-mail address");
    return lower(ctx, text);
}

const char *field_rule_code(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    if (made_of(text, DIGITS) && field_within(field, (long long)strlen(text)))
        return text;
    if (!field_bounded(field))
        return refuse(ret, FIELD_FORMAT, FORMAT(ctx, "must be %lld digits or more", field->min));
    if (field->min == field->max)
        return refuse(ret, FIELD_FORMAT, FORMAT(ctx, "must be %lld digits", field->min));
    return refuse(ret, FIELD_FORMAT, FORMAT(ctx, "must be %lld to %lld digits", field->min, field->max));
}

const char *field_rule_slug(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    if (!made_of(text, LOWER DIGITS "-"))
        return refuse(ret, FIELD_FORMAT, "may have only lower-case letters, digits and hyphens");
    return field_sized(ctx, field, text, (long long)strlen(text), ret);
}

const char *field_rule_uuid(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    static const size_t groups[] = { 8, 4, 4, 4, 12 };
    const char *p = text;

    (void)field;
    for (size_t i = 0; i < ELEMENTS(groups); i++) {
        char end = i + 1 < ELEMENTS(groups) ? '-' : '\0';
        if (strspn(p, DIGITS "abcdefABCDEF") != groups[i] || p[groups[i]] != end)
            return refuse(ret, FIELD_FORMAT, "must be a UUID");
        p += groups[i] + 1;
    }
    return lower(ctx, text);
}

const char *field_rule_id(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    const char *prefix = field->prefix ? field->prefix : "";
    const char *digits = text + strlen(prefix);
    bool shaped = !strncmp(text, prefix, strlen(prefix)) && *digits >= '1' && *digits <= '9' && made_of(digits, DIGITS);

    errno = 0;
    if (!shaped || strtoll(digits, NULL, 10) <= 0 || errno)
        return refuse(ret, FIELD_FORMAT, FORMAT(ctx, "must be an id such as %s1", prefix));
    return digits;
}

const char *field_rule_token(void *ctx, const struct field *field, const char *text, struct field_refusal *ret)
{
    if (!made_of(text, LOWER UPPER DIGITS "_.-"))
        return refuse(ret, FIELD_FORMAT, "may have only letters, digits, underscores, dots and hyphens");
    return field_sized(ctx, field, text, (long long)strlen(text), ret);
}
