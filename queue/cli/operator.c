/* SPDX-License-Identifier: GPL-3.0-or-later
 * Operators: who may sign in to /-/operator/. Their accounts are apart from those of all products. */
#include "common/database.h"
#include "common/memory.h"
#include "queue/cli/options.h"
#include "queue/cli/password.h"
#include "queue/cli/table.h"
#include "sql.h"

static const char *const roles[] = { "viewer", "operator", NULL };

enum needs { NOTHING, A_PASSWORD, A_ROLE };

/* What is done to one of them: a statement that gives what to say as `said`, or refuses. */
static const struct {
    const char *name;
    const struct sql *sql;
    enum needs needs;
} actions[] = {
    { "add", &sql_core_operator_add, A_PASSWORD },
    { "set", &sql_core_operator_change_role, A_ROLE },
    { "password", &sql_core_operator_change_password, A_PASSWORD },
    { "disable", &sql_core_operator_disable, NOTHING },
    { "enable", &sql_core_operator_enable, NOTHING },
    { "sign-out", &sql_core_operator_sign_out, NOTHING },
};

static const struct column columns[] = {
    { "name", COLUMN_TEXT, NULL },
    { "role", COLUMN_TEXT, NULL },
    { "state", COLUMN_TEXT, NULL },
    { "sessions", COLUMN_NUMBER, NULL },
    { "signed_in", COLUMN_TEXT, NULL },
    { "created", COLUMN_TEXT, NULL },
    { .name = NULL },
};

static int list_operators(struct operation *operation, bool json)
{
    autoresult struct result list = { 0 };
    json_auto_t *rows = NULL;

    if (database_run(operation->database, &sql_core_operator_list, NO_PARAMS, &list) < 0)
        return complain_of("PostgreSQL", &list);
    rows = table_from(&list, columns);
    table_print(columns, rows, json);
    return DONE;
}

/* What logs, the audit and a page can show as it is. */
static bool name_holds(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789",
                      later[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(name);

    return length > 0 && length <= 32 && strchr(first, *name) && strspn(name, later) == length;
}

static int act(struct operation *operation, size_t action, const char *name, const char *role)
{
    autoresult struct result result = { 0 };
    const char *hash = NULL;

    if (!name_holds(name))
        return complain("operator", "NAME is 1 to 32 of a-z, 0-9, ., _ and -, and begins with a letter or digit",
                        USAGE);
    if (actions[action].needs == A_ROLE && !role)
        return complain("operator set", "changes nothing without --role", USAGE);
    if (actions[action].needs == A_PASSWORD && !(hash = password_read(operation)))
        return USAGE;
    if (database_run(operation->database, actions[action].sql,
                     PARAMS({ "who", operator_name() }, { "name", name }, { "role", role }, { "password_hash", hash }),
                     &result) < 0)
        return complain_of(name, &result);
    printf("%s: %s\n", name, result_text(&result, 0, "said"));
    return DONE;
}

int command_operator(struct operation *operation)
{
    enum { ROLE, JSON };
    static const struct option_row options[] = {
        [ROLE] = { "ROLE",
                   { .name = "--role",
                     .type = ENUM,
                     .values = roles,
                     .doc = "viewer, who looks (when nothing is said), or operator, who acts" } },
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = { "operator",
                                        "ACTION [NAME]",
                                        "Make and change those who may sign in to the operators' realm, /-/operator/.\n"
                                        "\n"
                                        "  add NAME        make one; the password is read from standard input\n"
                                        "  list            list them\n"
                                        "  set NAME        change --role, at once\n"
                                        "  password NAME   read another password; all sessions end\n"
                                        "  disable NAME    all sessions end, and nobody can sign in under the name\n"
                                        "  enable NAME     let NAME sign in again\n"
                                        "  sign-out NAME   end all sessions",
                                        options,
                                        1,
                                        2 };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (!strcmp(said.words[0], "list") && said.count > 1)
        return complain(said.words[1], "is a word too many: list takes no NAME", USAGE);
    if (!strcmp(said.words[0], "list"))
        return list_operators(operation, said.values[JSON]);
    for (size_t i = 0; i < ELEMENTS(actions); i++)
        if (!strcmp(said.words[0], actions[i].name))
            return said.count > 1 ? act(operation, i, said.words[1], said.values[ROLE])
                                  : complain("operator", "which? Say NAME", USAGE);
    return complain(said.words[0], "is no action: add, list, set, password, disable, enable, sign-out", USAGE);
}
