/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/statement.h"
#include "common/memory.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>

/* The end of the string, quoted name or comment that starts at p, or p when none does. */
static const char *skip_literal(const char *p)
{
    const char *end;
    if (*p == '\'' || *p == '"') {
        end = strchr(p + 1, *p);
        return end ? end + 1 : p + strlen(p);
    }
    if (p[0] == '-' && p[1] == '-') {
        end = strchr(p, '\n');
        return end ? end : p + strlen(p);
    }
    if (p[0] == '/' && p[1] == '*') {
        end = strstr(p + 2, "*/");
        return end ? end + 2 : p + strlen(p);
    }
    return p;
}

static size_t name_length(const char *p)
{
    size_t n = 0;
    if (isalpha((unsigned char)*p) || *p == '_')
        while (isalnum((unsigned char)p[n]) || p[n] == '_')
            n++;
    return n;
}

/* The number, from 1 on, of the parameter called name; a new one is added. 0 when there are too many. */
static int parameter_number(void *ctx, const char **names, int *count, const char *name, size_t length)
{
    for (int i = 0; i < *count; i++)
        if (strlen(names[i]) == length && !memcmp(names[i], name, length))
            return i + 1;
    if (*count == STATEMENT_PARAMETERS_MAX)
        return 0;
    names[*count] = memory_check(talloc_strndup(ctx, name, length));
    return ++*count;
}

int statement_compile(void *ctx, const struct sql *sql, struct statement **ret)
{
    struct statement *statement = NEW(ctx, struct statement);
    const char **names = memory_check(talloc_zero_array(statement, const char *, STATEMENT_PARAMETERS_MAX));
    char *text = memory_check(talloc_size(statement, strlen(sql->text) * 2 + 1)), *to = text;

    for (const char *p = sql->text; *p;) {
        const char *end = skip_literal(p);
        size_t length;
        int number;

        if (end > p) {
            to = (char *)mempcpy(to, p, (size_t)(end - p));
            p = end;
        } else if (p[0] == ':' && p[1] == ':') {
            to = (char *)mempcpy(to, p, 2);
            p += 2;
        } else if (p[0] == ':' && (length = name_length(p + 1)) > 0) {
            number = parameter_number(statement, names, &statement->count, p + 1, length);
            if (!number) {
                talloc_free(statement);
                return -E2BIG;
            }
            /* ":x" may become "$10": three bytes for two, within the doubled size. */
            to += snprintf(to, 5, "$%d", number);
            p += length + 1;
        } else {
            *to++ = *p++;
        }
    }
    *to = '\0';
    statement->name = sql->name;
    statement->text = text;
    statement->names = names;
    *ret = statement;
    return 0;
}

int statement_bind(const struct statement *statement, const struct param *params, const char **values,
                   const char **ret_missing)
{
    for (int i = 0; i < statement->count; i++) {
        const struct param *param = params;
        while (param->name && strcmp(param->name, statement->names[i]) != 0)
            param++;
        if (!param->name) {
            *ret_missing = statement->names[i];
            return -ENOENT;
        }
        values[i] = param->value;
    }
    return 0;
}
