/* SPDX-License-Identifier: GPL-3.0-or-later
 * The rows as data, for tests and tools that hold each of them against something. */
#include "common/memory.h"
#include "fcgi/serve.h"
#include <errno.h>
#include <jansson.h>

static const char *const who_names[] = {
    [SIGNED_IN] = "SIGNED_IN", [ADMIN] = "ADMIN", [OPTIONAL] = "OPTIONAL", [ANYONE] = "ANYONE"
};

static void describe_list(json_t *list, const struct product *product, const struct endpoint *rows)
{
    for (; rows->name; rows++) {
        json_t *row =
            json_pack("{ss ss* ss ss* ss ss ss si}", "product", product->name, "root", product->root, "name",
                      rows->name, "sql", rows->sql ? rows->sql->name : NULL, "method", method_names[rows->method],
                      "path", rows->path, "who", who_names[rows->who], "status", rows->status ? rows->status : 200);
        json_array_append_new(list, memory_check(row));
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
