/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/operation.h"
#include "common/log.h"
#include "common/memory.h"
#include "fcgi/serve.h"
#include "fcgi/steps/poll.h"
#include "sql.h"
#include <errno.h>
#include <sodium.h>

int operation_name(const struct operation *operation, const char *name)
{
    for (int i = 0; i < operation->name_count; i++)
        if (!strcmp(operation->names[i], name))
            return i;
    return -1;
}

static const char *const fixed_names[FIXED_COUNT] = {
    [ARG_ACCOUNT_ID] = "account_id",
    [ARG_PRODUCT] = "product",
    [ARG_REQUEST_ID] = "request_id",
    [ARG_CLIENT_IP] = "client_ip",
    [ARG_CLIENT_PLACE] = "client_place",
    [ARG_BASE_URL] = "base_url",
    [ARG_MUST_BE] = "must_be",
    [ARG_ISSUED_AT] = "issued_at",
    [ARG_JTI] = "jti",
    [ARG_PROOF] = "proof",
    [ARG_LIMIT] = "page_limit",
    [ARG_OFFSET] = "page_offset",
    [ARG_MORE] = "page_more",
    [ARG_AFTER] = "page_after",
    [ARG_BEFORE] = "page_before",
    [ARG_TOTAL] = "page_total",
    [ARG_SAID] = "said",
    [ARG_PATHS] = "paths",
    [ARG_JOB_ARGS] = "job_args",
};

static void name_add(struct operation *operation, const char *name)
{
    operation->names =
        memory_check(talloc_realloc(operation, operation->names, const char *, operation->name_count + 1));
    operation->names[operation->name_count++] = name;
}

/* Compile, and find where each parameter comes from. Why it cannot be, else NULL. */
static const char *bind_to(struct operation *operation, const struct sql *sql, struct bound *ret)
{
    if (statement_compile(operation, sql, &ret->statement) < 0)
        return "has too many parameters";
    for (int i = 0; i < ret->statement->count; i++) {
        ret->sources[i] = operation_name(operation, ret->statement->names[i]);
        if (ret->sources[i] < 0)
            return ret->statement->names[i];
    }
    return NULL;
}

/* That who calls still may, by how he says who he is. */
static const struct sql *const callers[WAY_COUNT] = { [WAY_JWT] = &sql_core_caller,
                                                      [WAY_TOKEN] = &sql_core_caller_token,
                                                      [WAY_SESSION] = &sql_core_caller_session,
                                                      [WAY_OPERATOR] = &sql_core_caller_operator };

/* One statement of two costs a third less than two: the caller's check becomes a condition of the row's statement,
 * which PostgreSQL decides before it reads a row, because it names no column of it. Only for what writes nothing: a
 * statement that writes cannot be part of another. */
static const char *bind_guarded(struct operation *operation, unsigned ways)
{
    const struct sql *sql = operation->row->sql;
    const char *stray = NULL;

    for (int way = 0; way < WAY_COUNT && !stray; way++) {
        const struct sql guarded = {
            .name = way == WAY_JWT ? sql->name : FORMAT(operation, "%s/%d", sql->name, way),
            .text = FORMAT(operation, "select answer.* from (\n%s\n) as answer where (\n%s\n) is not null", sql->text,
                           callers[way]->text),
        };
        if (ways & 1u << way)
            stray = bind_to(operation, &guarded, &operation->guarded[way]);
    }
    return stray;
}

static const char *bad_path_field(const struct endpoint *row)
{
    for (const struct field *field = row->in; field && field->name; field++)
        if (field->in == PATH && path_parameter(row->path, field->name) < 0)
            return field->name;
    return NULL;
}

/* The row's fields and, of a list, those of the page; of a poll, how long it waits. */
static const struct field *fields_of(void *ctx, const struct dialect *dialect, const struct endpoint *row)
{
    static const struct field none = { .name = NULL };
    const struct field *in = row->in ? row->in : &none;
    struct field *fields, *end;
    size_t n = 0;

    if (!row->list && !row->polls)
        return in;
    while (in[n].name)
        n++;
    fields = memory_check(talloc_zero_array(ctx, struct field, n + PAGE_FIELDS + 2));
    end = mempcpy(fields, in, n * sizeof *in);
    if (row->list)
        end = mempcpy(end, page_fields(ctx, dialect, row), PAGE_FIELDS * sizeof *end);
    if (row->polls)
        *end = wait_field;
    return fields;
}

/* What a FILE_PART sets besides its own name. */
static const char *const file_names[] = { "name", "type", "size" };

struct operation *operation_new(void *ctx, const struct dialect *dialect, const struct endpoint *row)
{
    static const unsigned char no_key[crypto_shorthash_KEYBYTES] = { 0 };
    struct operation *operation = NEW(ctx, struct operation);
    const char *stray;

    operation->row = row;
    if (row->sql)
        crypto_shorthash((unsigned char *)&operation->version, (const unsigned char *)row->sql->text,
                         strlen(row->sql->text), no_key);
    for (int i = 0; i < FIXED_COUNT; i++)
        name_add(operation, fixed_names[i]);
    operation->fields = fields_of(operation, dialect, row);
    for (const struct field *field = operation->fields; field->name; field++, operation->field_count++) {
        name_add(operation, field->name);
        operation->has_body |= field->in == BODY;
    }
    for (const struct field *field = operation->fields; field->name; field++)
        for (size_t i = 0; field->type == FILE_PART && i < ELEMENTS(file_names); i++)
            name_add(operation, FORMAT(operation, "%s_%s", field->name, file_names[i]));
    for (const char *const *set = row->sets; set && *set; set++)
        name_add(operation, *set);
    if (row->after)
        name_add(operation, "job_id");
    stray = row->sql ? bind_to(operation, row->sql, &operation->bound) : NULL;
    if (!stray && row->first)
        stray = bind_to(operation, row->first, &operation->first);
    if (!stray && row->after)
        stray = bind_to(operation, row->after, &operation->after);
    if (!stray && row->sql && row->method == GET && row->who != ANYONE)
        stray = bind_guarded(operation, dialect->ways);
    if (!stray)
        stray = bad_path_field(row);
    if (!stray && row->sql)
        stray = job_args_bind(operation);
    if (!stray)
        stray = poll_bind(operation);
    if (!stray)
        return operation;
    log_error("front.row", "operation=%s unexplained=%s", row->name, stray);
    return NULL;
}

int operation_bind_callers(void *ctx, struct bound ret[static WAY_COUNT], struct bound *ret_tier)
{
    struct operation *fixed = NEW(ctx, struct operation);

    for (int i = 0; i < FIXED_COUNT; i++)
        name_add(fixed, fixed_names[i]);
    for (int way = 0; way < WAY_COUNT; way++)
        if (bind_to(fixed, callers[way], &ret[way]))
            return -EINVAL;
    return bind_to(fixed, &sql_core_tier, ret_tier) ? -EINVAL : 0;
}
