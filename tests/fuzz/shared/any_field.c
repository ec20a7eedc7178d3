/* SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "common/memory.h"
#include "fcgi/endpoint.h"
#include "queue/job.h"
#include "tests/fuzz/shared/fuzz.h"
#include "tests/fuzz/shared/sql_text.h"

/* Types and bounds that no row may have yet. */
static const char *const sizes[] = { "small", "large", "", NULL };
/* clang-format off */
static const struct field own[] = {
    { .name = "text", .type = TEXT }, { .name = "text9", .type = TEXT, .min = 1, .max = 9, .flags = NULLABLE },
    { .name = "words", .type = TEXT, .min = 1, .flags = NOT_BLANK },
    { .name = "integer", .type = INTEGER }, { .name = "integer9", .type = INTEGER, .min = -9, .max = 9 },
    { .name = "clamped", .type = INTEGER, .min = 1, .max = 100, .flags = CLAMPED },
    { .name = "least", .type = INTEGER, .min = 3 }, { .name = "boolean", .type = BOOLEAN },
    { .name = "enum", .type = ENUM, .values = sizes }, { .name = "email", .type = EMAIL },
    { .name = "code", .type = CODE, .min = 6, .max = 6 }, { .name = "codes", .type = CODE, .min = 1 },
    { .name = "slug", .type = SLUG, .max = 9 }, { .name = "uuid", .type = UUID },
    { .name = "id", .type = ID }, { .name = "img", .type = ID, .prefix = "img_" },
    { .name = "token", .type = TOKEN, .min = 1, .max = 9 }, { .name = "word", .type = WORD, .max = 9 },
    { .name = "decimal", .type = DECIMAL, .scale = 2 }, { .name = "whole", .type = DECIMAL },
    { .name = "money", .type = DECIMAL, .scale = 2, .max = 1000000, .flags = POSITIVE },
    { .name = "fine", .type = DECIMAL, .scale = 9, .min = -90, .max = 90 },
    { .name = "date", .type = DATE }, { .name = "clock", .type = CLOCK }, { .name = "time", .type = TIME },
    { .name = "zone", .type = ZONE_NAME }, { .name = "phone", .type = PHONE }, { .name = "url", .type = URL },
    { .name = "currency", .type = CURRENCY }, { .name = "object", .type = OBJECT, .max = 200 },
    { .name = "members", .type = OBJECT, .fields = FIELDS({ .name = "a", .type = INTEGER, .flags = REQUIRED },
        { .name = "b", .type = LIST, .max = 3, .fields = FIELDS({ .type = DECIMAL, .scale = 2 }) },
        { .name = "c", .type = OBJECT, .flags = NULLABLE, .fields = FIELDS({ .name = "d", .type = PHONE }) }) },
    { .name = "list", .type = LIST, .min = 1, .max = 4, .fields = FIELDS({ .type = TEXT, .max = 5 }) },
    { .name = "until", .type = TIME, .flags = DAY_END },
    { .name = NULL },
};
/* clang-format on */

enum { TABLES_MAX = 1024 };
static const struct field *tables[TABLES_MAX];
static unsigned table_count, field_count;

static void table_add(const struct field *table)
{
    if (!table || !table->name)
        return;
    MUST(table_count < TABLES_MAX);
    tables[table_count++] = table;
    for (; table->name; table++)
        field_count += sql_text_checked(table);
}

static void rows_add(const struct endpoint *rows)
{
    for (; rows->name; rows++)
        table_add(rows->in);
}

static void gather(void)
{
    if (table_count)
        return;
    table_add(own);
    rows_add(core_endpoints);
    for (const struct product *product = products; product->name; product++)
        rows_add(product->endpoints);
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        table_add(kind->in);
}

const struct field *any_fields(unsigned which)
{
    gather();
    return tables[which % table_count];
}

const struct field *any_field(unsigned which)
{
    gather();
    which %= field_count;
    for (unsigned i = 0;; i++)
        for (const struct field *field = tables[i]; field->name; field++)
            if (sql_text_checked(field) && which-- == 0)
                return field;
}
