/* SPDX-License-Identifier: GPL-3.0-or-later
 * One description of an input, wherever it is used: request validation, the list of errors, OpenAPI, a job's
 * arguments. A table of fields ends with a NULL name. Checking turns a value into the text that goes to SQL as a
 * parameter: numbers and booleans in PostgreSQL's form, objects and lists as compact JSON. Money and decimals are
 * read from their text and never pass through a double. A field without max (0, or below min) has no upper bound; an
 * INTEGER with neither bound takes any. null is refused unless the field is NULLABLE. */
#ifndef MILLRACE_FIELD_H
#define MILLRACE_FIELD_H
#include "common/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum field_type {
    TEXT,    /* min..max are characters (code points), not bytes; no control characters but \n, \r and \t */
    INTEGER, /* min..max are values; JSON integer, or its decimal digits in a path or query */
    BOOLEAN, /* JSON true/false; true, false, 1, 0 in a query */
    ENUM,    /* one of values */
    EMAIL,   /* at most 254 bytes, one @, no spaces or control bytes; returned in lower case */
    CODE,    /* min..max digits, kept as text: leading zeros count */
    SLUG,    /* [a-z0-9-], min..max characters */
    UUID,    /* 8-4-4-4-12 hexadecimal; returned in lower case */
    ID,      /* prefix followed by a positive 63-bit integer without leading zeros ("img_12"); returned as the digits */
    TOKEN,   /* [A-Za-z0-9_.-], min..max bytes */
    WORD,    /* [a-z0-9_], min..max bytes */
    DECIMAL, /* a JSON number, or its text: at most `scale` decimals and fifteen digits; min..max are whole; kept as
                text */
    DATE,    /* 2024-01-15 */
    CLOCK,   /* 08:30 */
    TIME,    /* ISO 8601 to the second or finer, with an offset or in UTC; a date alone is its midnight in UTC */
    ZONE_NAME, /* what may be the name of a time zone: that there is one is PostgreSQL's to say */
    PHONE,     /* E.164; in texts of a query or form a blank in front is the plus that it was */
    URL,       /* http or https, at most 2,048 bytes */
    CURRENCY,  /* of ISO 4217; returned in capitals */
    NUMBER,    /* any JSON number; min..max are values. For answers and results: a double holds no money */
    FILE_PART, /* a file of a multipart body: see fcgi/input/upload.h */
    OBJECT, /* without fields any object, up to max bytes of JSON (FIELD_OBJECT_MAX); else one checked against fields;
               returned as JSON in their order: unknown members are dropped, missing ones stay missing, scalars are as
               they were given. As text it is its JSON. */
    LIST    /* min..max members, each checked against fields[0]; else as OBJECT */
};

#define FIELD_OBJECT_MAX 65536LL
enum field_place { BODY, PATH, QUERY };
enum field_flag {
    REQUIRED = 1,
    SECRET = 2,
    NULLABLE = 4,
    CLAMPED = 8,   /* an INTEGER above max counts as max */
    POSITIVE = 16, /* a DECIMAL above 0 */
    DAY_END =
        32, /* a TIME before which a span ends: of a date alone the day's own end, so that it is part of the span */
    NOT_BLANK = 64 /* a TEXT that has more than white space (Unicode's, and U+FEFF: what \S is in a schema) */
};

struct field {
    const char *name;
    const char *sent_as; /* its name outside, in a form or query, where that is no name of SQL; NULL: name */
    enum field_place in;
    enum field_type type;
    unsigned flags;
    long long min, max;
    int scale;                  /* of a DECIMAL */
    const char *prefix;         /* of an ID */
    const char *const *values;  /* of an ENUM, ends with NULL */
    const struct field *fields; /* of an OBJECT or LIST */
    const char *standard;       /* value when it is missing, as SQL text; NULL: SQL null */
    const char *doc;
};
#define FIELDS(...) ((const struct field[]){ __VA_ARGS__, { .name = NULL } })

/* Its name where a client writes it. */
static inline const char *field_sent_as(const struct field *field)
{
    return field->sent_as ? field->sent_as : field->name;
}
/* The row of a table by its name, or NULL. */
const struct field *field_find(const struct field *fields, const char *name);
/* Whether the field, or anything in it, is SECRET. */
bool field_secret(const struct field *field);
/* A value as JSON again, from the SQL text that its check gave: what a check of the same field takes. NULL when text is
 * NULL or is not of the field's type. */
json_t *field_json(const struct field *field, const char *text);

/* One field's refusal: "filters.pose", "must be at most 32 characters". code is the dialect-neutral reason. */
enum field_reason { FIELD_REQUIRED, FIELD_INVALID, FIELD_FORMAT, FIELD_TOO_LONG, FIELD_UNKNOWN_REFERENCE };
struct field_error {
    const char *field, *message;
    enum field_reason reason;
};
enum { FIELD_ERRORS_MAX = 32 };
struct field_errors {
    int count;
    struct field_error list[FIELD_ERRORS_MAX];
};
/* Strings hang off ctx; more than FIELD_ERRORS_MAX are dropped. */
void field_refuse(void *ctx, struct field_errors *errors, enum field_reason reason, const char *field,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Check one value that came as JSON (value NULL: missing) or as text (path, query; text NULL: missing). On success
 * true and the SQL text in *ret (NULL for SQL null). On a refusal false, with the reason added to errors. path is the
 * name to report ("batch_size"). */
bool field_check_json(void *ctx, const struct field *field, const char *path, json_t *value,
                      struct field_errors *errors, const char **ret);
bool field_check_text(void *ctx, const struct field *field, const char *path, const char *text,
                      struct field_errors *errors, const char **ret);

/* Check an object against a table: each field's text under its name through set(). True when all hold. Fields of other
 * places than BODY are passed over; an object of NULL has no members. */
typedef void field_set_fn(void *closure, const char *name, const char *value);
bool field_check_object(void *ctx, const struct field *fields, json_t *object, struct field_errors *errors,
                        field_set_fn *set, void *closure);
#endif
