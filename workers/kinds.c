/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every kind of job, one row each. docs/adding-a-job-kind.md shows how to add one. */
#include "workers/kinds.h"
#include "sql.h"

#define FILTER(word)                                                                                                   \
    {                                                                                                                  \
        .name = word, .type = SLUG, .min = 1, .max = 32                                                                \
    }

static const char *const mail_purposes[] = { "reset", "verify", NULL };

/* clang-format off */
const struct job_kind job_kinds[] = {
    { .name = "image.generate", .queue = "image", .version = 1, .deadline = 120, .tries = 2, .backoff = 5,
      .fenced = true, .run = image_generate,
      .in = FIELDS({ .name = "prompt", .type = TEXT, .flags = REQUIRED, .min = 1, .max = 2000 },
                   { .name = "filters", .type = OBJECT,
                     .fields = FIELDS(FILTER("body_type"), FILTER("pose"), FILTER("lighting"), FILTER("clothing"),
                                      FILTER("background")) },
                   { .name = "batch_size", .type = INTEGER, .flags = REQUIRED, .min = 1, .max = 16 },
                   { .name = "model", .type = TOKEN, .flags = REQUIRED, .min = 1, .max = 64 }),
      .begin = &sql_worker_image_generate_begin, .end = &sql_worker_image_generate_end,
      .kick = &sql_worker_image_generate_kick },
    { .name = "mail.magic_link", .queue = "mail", .version = 1, .deadline = 60, .tries = 5, .backoff = 2,
      .run = mail_magic_link,
      .in = FIELDS({ .name = "email", .type = EMAIL, .flags = REQUIRED }) },
    { .name = "mail.token", .queue = "mail", .version = 1, .deadline = 60, .tries = 5, .backoff = 2, .run = mail_token,
      .in = FIELDS({ .name = "email", .type = EMAIL, .flags = REQUIRED },
                   { .name = "purpose", .type = ENUM, .flags = REQUIRED, .values = mail_purposes }) },
    { .name = NULL },
};
/* clang-format on */
