/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fields that rows of several products have, and short forms of what answers hold. */
#ifndef MILLRACE_FIELDS_H
#define MILLRACE_FIELDS_H
#include "common/field.h"

/* ---- input ---- */

#define EMAIL_FIELD                                                                                                    \
    {                                                                                                                  \
        .name = "email", .type = EMAIL, .flags = REQUIRED, .doc = "E-mail address."                                    \
    }
/* clang-format off */
#define PASSWORD_FIELD(id) \
    { .name = id, .type = TEXT, .flags = REQUIRED | SECRET, .min = 8, .max = 128, .doc = "8 to 128 characters." }
/* One that was chosen already: whatever was typed is compared. */
#define PASSWORD_TYPED \
    { .name = "password", .type = TEXT, .flags = REQUIRED | SECRET, .min = 1, .max = 128, .doc = "The password." }
#define USERNAME_FIELD \
    { .name = "username", .type = TOKEN, .flags = REQUIRED, .min = 3, .max = 30, .doc = "Letters, digits, _ . and -." }
#define REFRESH_FIELD \
    { .name = "refresh", .type = TEXT, .flags = REQUIRED | SECRET, .min = 1, .max = 4096, .doc = "The refresh token." }
#define MAILED_TOKEN_FIELD \
    { .name = "token", .type = TEXT, .flags = REQUIRED | SECRET, .min = 1, .max = 128, .doc = "From the mail." }
/* clang-format on */

/* ---- output ---- */

#define OUT(kind, id)                                                                                                  \
    {                                                                                                                  \
        .name = id, .type = kind, .flags = REQUIRED                                                                    \
    }
#define OUT_NULLABLE(kind, id)                                                                                         \
    {                                                                                                                  \
        .name = id, .type = kind, .flags = REQUIRED | NULLABLE                                                         \
    }
#define OUT_OBJECT(id, ...)                                                                                            \
    {                                                                                                                  \
        .name = id, .type = OBJECT, .flags = REQUIRED, .fields = FIELDS(__VA_ARGS__)                                   \
    }
#define OUT_LIST(id, ...)                                                                                              \
    {                                                                                                                  \
        .name = id, .type = LIST, .flags = REQUIRED, .fields = FIELDS(__VA_ARGS__)                                     \
    }
#define OUT_OBJECTS(id, ...) OUT_LIST(id, { .name = "item", .type = OBJECT, .fields = FIELDS(__VA_ARGS__) })
#endif
