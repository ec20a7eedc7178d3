/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/describe/openapi_of.h"
#include "fcgi/steps/once.h"

static bool has_field(const struct endpoint *row, enum field_place place)
{
    for (const struct field *field = row->in; field && field->name; field++)
        if (field->in == place)
            return true;
    return false;
}

bool of_has_input(const struct of *of)
{
    return has_field(of->row, BODY) || has_field(of->row, QUERY) || of->row->list;
}

bool of_has_body(const struct of *of)
{
    return has_field(of->row, BODY);
}

bool of_has_path(const struct of *of)
{
    return has_field(of->row, PATH);
}

bool of_knows_caller(const struct of *of)
{
    return of->row->who != ANYONE;
}

bool of_may_forbid(const struct of *of)
{
    bool session = of->product->dialect->session.name;

    return of->row->who == ADMIN || (session && of->row->method != GET && of_knows_caller(of));
}

bool of_is_counted(const struct of *of)
{
    return !of->row->uncounted && of->product->rates;
}

bool of_asks_database(const struct of *of)
{
    return of->row->sql;
}

bool of_is_tagged(const struct of *of)
{
    return of->row->method == GET && of->row->sql && strstr(of->row->sql->text, " as etag");
}

bool of_sends_file(const struct of *of)
{
    return of->row->media && of->row->sql && strstr(of->row->sql->text, " as file,");
}

bool of_may_wait(const struct of *of)
{
    return of->row->polls || of->row->after;
}

bool of_may_repeat(const struct of *of)
{
    return of->row->sql && of_knows_caller(of) && once_may_be(of->product, of->row);
}
