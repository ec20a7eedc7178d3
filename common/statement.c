/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/statement.h"
#include "common/memory.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>

/* The end of the text that starts at p and ends with the string end; the whole rest when that never comes. */
static const char *skip_to(const char *p, const char *end)
{
    const char *found = strstr(p, end);
    return found ? found + strlen(end) : p + strlen(p);
}

/* PostgreSQL's comments nest. */
static const char *skip_comment(const char *p)
{
    int depth = 0;

    while (*p) {
        if (p[0] == '/' && p[1] == '*')
            depth++;
        else if (p[0] == '*' && p[1] == '/')
            depth--;
        else {
            p++;
            continue;
        }
        p += 2;
        if (!depth)
            break;
    }
    return p;
}

/* E'...': a backslash takes the next character's meaning. */
static const char *skip_escaped(const char *p)
{
    for (p += 2; *p && *p != '\''; p++)
        if (p[0] == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c & 0x80;
}

/* $$...$$ or $tag$...$tag$; p itself when it is none ($1, or a $ in a name). */
static const char *skip_dollars(const char *p)
{
    char tag[64];
    size_t n = 1;

    if (isdigit((unsigned char)p[1]))
        return p;
    while (in_name(p[n]))
        n++;
    if (p[n] != '$' || n + 2 > sizeof tag)
        return p;
    *(char *)mempcpy(tag, p, n + 1) = '\0';
    return skip_to(p + n + 1, tag);
}

/* The end of the string, quoted name or comment that starts at p, or p when none does. before: the character in front
 * of p. */
static const char *skip_literal(const char *p, char before)
{
    if (*p == '\'' || *p == '"')
        return skip_to(p + 1, *p == '"' ? "\"" : "'");
    if ((*p == 'E' || *p == 'e') && p[1] == '\'' && !in_name(before))
        return skip_escaped(p);
    if (*p == '$' && !in_name(before) && before != '$')
        return skip_dollars(p);
    if (p[0] == '-' && p[1] == '-')
        return strchrnul(p, '\n');
    if (p[0] == '/' && p[1] == '*')
        return skip_comment(p);
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
        const char *end = skip_literal(p, p > sql->text ? p[-1] : ' ');
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
