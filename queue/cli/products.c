/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/products.h"
#include "common/memory.h"
#include "queue/cli/command.h"
#include <string.h>

const char *const product_names[] = { "nutrition", "smsagent", "expenses", "ailice", "figureforge", NULL };

int product_check(void *ctx, const char *name)
{
    char *all = COPY(ctx, "");

    for (const char *const *product = product_names; *product; product++) {
        if (!strcmp(*product, name))
            return DONE;
        all = memory_check(talloc_asprintf_append(all, "%s%s", *all ? ", " : "", *product));
    }
    return complain(*name ? name : "\"\"", FORMAT(ctx, "there is no such product; there are %s", all), NOT_THERE);
}

bool product_has_api_tokens(const char *name)
{
    return !strcmp(name, "smsagent");
}
