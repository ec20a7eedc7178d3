/* SPDX-License-Identifier: GPL-3.0-or-later
 * The rows as data, for tests and tools that hold each of them against something. */
#include "common/memory.h"
#include "fcgi/serve.h"
#include <errno.h>
#include <jansson.h>

static const char *const who_names[] = {
    [SIGNED_IN] = "SIGNED_IN", [ADMIN] = "ADMIN", [OPTIONAL] = "OPTIONAL", [ANYONE] = "ANYONE"
};

static const char *const place_names[] = { [BODY] = "body", [PATH] = "path", [QUERY] = "query" };

static const char *const type_names[] = {
    [TEXT] = "TEXT",           [INTEGER] = "INTEGER",   [BOOLEAN] = "BOOLEAN",
    [ENUM] = "ENUM",           [EMAIL] = "EMAIL",       [CODE] = "CODE",
    [SLUG] = "SLUG",           [UUID] = "UUID",         [ID] = "ID",
    [TOKEN] = "TOKEN",         [WORD] = "WORD",         [DECIMAL] = "DECIMAL",
    [DATE] = "DATE",           [CLOCK] = "CLOCK",       [TIME] = "TIME",
    [ZONE_NAME] = "ZONE_NAME", [PHONE] = "PHONE",       [URL] = "URL",
    [NUMBER] = "NUMBER",       [CURRENCY] = "CURRENCY", [OBJECT] = "OBJECT",
    [FILE_PART] = "FILE_PART", [LIST] = "LIST",
};

static json_t *describe_fields(const struct field *fields);

static json_t *describe_field(const struct field *field)
{
    json_t *one = json_pack("{ss ss ss sb sI sI ss*}", "name", field_sent_as(field), "in", place_names[field->in],
                            "type", type_names[field->type], "required", (field->flags & REQUIRED) != 0, "min",
                            (json_int_t)field->min, "max", (json_int_t)field->max, "prefix", field->prefix);

    memory_check(one);
    if (field->values) {
        json_t *values = json_array();

        for (const char *const *value = field->values; *value; value++)
            json_array_append_new(values, memory_check(json_string(*value)));
        json_object_set_new(one, "values", values);
    }
    if (field->fields)
        json_object_set_new(one, "fields", describe_fields(field->fields));
    return one;
}

static json_t *describe_fields(const struct field *fields)
{
    json_t *list = memory_check(json_array());

    for (; fields && fields->name; fields++)
        json_array_append_new(list, describe_field(fields));
    return list;
}

/* How the fields of the body are sent. */
static const char *form_of(const struct endpoint *row)
{
    return row->form ? "form" : row->parts ? "parts" : "json";
}

/* The two fields of a page belong to the dialect, and are not among a row's own. */
static void describe_list(json_t *list, const struct product *product, const struct endpoint *rows)
{
    for (; rows->name; rows = endpoint_next(rows)) {
        json_t *row = json_pack("{ss ss* ss ss* ss ss ss si ss sb sb so}", "product", product->name, "root",
                                product->root, "name", rows->name, "sql", rows->sql ? rows->sql->name : NULL, "method",
                                method_names[rows->method], "path", rows->path, "who", who_names[rows->who], "status",
                                rows->status ? rows->status : 200, "form", form_of(rows), "waits", rows->after != NULL,
                                "wait_only", rows->wait_only, "fields", describe_fields(rows->in));
        memory_check(row);
        if (rows->list) {
            const struct paging *paging = &product->dialect->paging;
            json_object_set_new(row, "page", memory_check(json_pack("[ss]", paging->size, paging->place)));
        }
        json_array_append_new(list, row);
    }
}

int describe_rows(FILE *to)
{
    json_auto_t *list = json_array();

    for (const struct product *product = products; product->name; product++) {
        describe_list(list, product, product->endpoints);
        if (!product->root)
            describe_list(list, product, core_endpoints);
    }
    if (json_dumpf(list, to, JSON_INDENT(1)) || fputc('\n', to) == EOF || fflush(to))
        return -EIO;
    return 0;
}
