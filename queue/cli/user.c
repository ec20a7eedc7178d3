/* SPDX-License-Identifier: GPL-3.0-or-later
 * The accounts of the products, and access tokens for them. */
#include "common/database.h"
#include "common/memory.h"
#include "common/text.h"
#include "common/token.h"
#include "queue/cli/options.h"
#include "queue/cli/password.h"
#include "queue/cli/table.h"
#include "sql.h"

static const char *const products[] = { "nutrition", "smsagent", "expenses", "ailice", "figureforge", NULL };
static const char *const roles[] = { "user", "admin", NULL };

/* ---- what is done ---- */

struct deed {
    const char *product, *name, *role, *tier, *email, *hash;
};

/* Run a statement that gives what to say as `said`, or refuses. */
static int change(struct operation *operation, const struct sql *sql, const struct deed *deed)
{
    autoresult struct result result = { 0 };

    if (database_run(operation->database, sql,
                     PARAMS({ "who", operator_name() }, { "product", deed->product }, { "name", deed->name },
                            { "role", deed->role }, { "tier", deed->tier }, { "email", deed->email },
                            { "password_hash", deed->hash }),
                     &result) < 0)
        return complain_of(deed->name, &result);
    printf("%s: %s\n", deed->name, result_text(&result, 0, "said"));
    return DONE;
}

static int do_add(struct operation *operation, struct deed *deed)
{
    if (!deed->email)
        return complain("user add", "takes PRODUCT NAME EMAIL", USAGE);
    deed->hash = password_read(operation);
    return deed->hash ? change(operation, &sql_core_user_add, deed) : USAGE;
}

static int do_set(struct operation *operation, struct deed *deed)
{
    if (!deed->role && !deed->tier)
        return complain("user set", "changes nothing without --role or --tier", USAGE);
    return change(operation, &sql_core_user_set, deed);
}

static int do_password(struct operation *operation, struct deed *deed)
{
    deed->hash = password_read(operation);
    return deed->hash ? change(operation, &sql_core_user_password, deed) : USAGE;
}

static int do_sign_out(struct operation *operation, struct deed *deed)
{
    return change(operation, &sql_core_user_sign_out, deed);
}

static const struct {
    const char *name;
    int (*run)(struct operation *operation, struct deed *deed);
} actions[] = { { "add", do_add }, { "set", do_set }, { "password", do_password }, { "sign-out", do_sign_out } };

static const struct column columns[] = {
    { "id", COLUMN_NUMBER, NULL },    { "username", COLUMN_TEXT, NULL },
    { "email", COLUMN_TEXT, NULL },   { "role", COLUMN_TEXT, NULL },
    { "tier", COLUMN_TEXT, NULL },    { "verified", COLUMN_TEXT, NULL },
    { "created", COLUMN_TEXT, NULL }, { .name = NULL },
};

static int list_users(struct operation *operation, const char *product, const char *limit, bool json)
{
    autoresult struct result list = { 0 };
    json_auto_t *rows = NULL;

    if (database_run(operation->database, &sql_core_user_list, PARAMS({ "product", product }, { "limit", limit }),
                     &list) < 0)
        return complain_of("PostgreSQL", &list);
    rows = table_from(&list, columns);
    table_print(columns, rows, json);
    return DONE;
}

static bool product_known(const char *name)
{
    for (const char *const *product = products; *product; product++)
        if (!strcmp(*product, name))
            return true;
    return false;
}

int command_user(struct operation *operation)
{
    enum { ROLE, TIER, LIMIT, JSON };
    static const struct option_row options[] = {
        [ROLE] = { "ROLE", { .name = "--role", .type = ENUM, .values = roles, .doc = "user or admin" } },
        [TIER] = { "TIER",
                   { .name = "--tier",
                     .type = WORD,
                     .min = 1,
                     .max = 32,
                     .doc = "what plans and rates go by: free, premium" } },
        [LIMIT] = OPTION_LIMIT("100", "how many are listed, newest first"),
        [JSON] = OPTION_JSON,
        OPTIONS_END,
    };
    static const struct guide guide = {
        "user",
        "ACTION PRODUCT [NAME [EMAIL]]",
        "Make and change the accounts of a product.\n"
        "\n"
        "  add PRODUCT NAME EMAIL   make one; its password is read from standard input\n"
        "  list PRODUCT             list them\n"
        "  set PRODUCT NAME         change --role, --tier; NAME: user name or address\n"
        "  password PRODUCT NAME    read another password; all that is signed in ends\n"
        "  sign-out PRODUCT NAME    end all that is signed in, its API token too",
        options,
        2,
        4
    };
    struct deed deed = { 0 };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    deed = (struct deed){ .product = said.words[1],
                          .name = said.count > 2 ? said.words[2] : NULL,
                          .email = said.count > 3 ? said.words[3] : NULL,
                          .role = said.values[ROLE],
                          .tier = said.values[TIER] };
    if (!product_known(deed.product))
        return complain(deed.product, "there is no such product", NOT_THERE);
    if (!strcmp(said.words[0], "list"))
        return list_users(operation, deed.product, said.values[LIMIT], said.values[JSON]);
    for (size_t i = 0; i < ELEMENTS(actions); i++)
        if (!strcmp(said.words[0], actions[i].name))
            return deed.name ? actions[i].run(operation, &deed) : complain("user", "of whom? Say NAME", USAGE);
    return complain(said.words[0], "is no action: add, list, set, password, sign-out", USAGE);
}

int command_token(struct operation *operation)
{
    enum { MINUTES };
    static const struct option_row options[] = {
        [MINUTES] = { "N",
                      { .name = "--minutes",
                        .type = INTEGER,
                        .min = 1,
                        .max = 10080,
                        .standard = "60",
                        .doc = "how long it is good for (60)" } },
        OPTIONS_END,
    };
    static const struct guide guide = {
        "token",
        "PRODUCT NAME",
        "Print an access token of an account, to try the API with. NAME: user name or address.",
        options,
        2,
        2
    };
    autoresult struct result result = { 0 };
    struct claims claims = { .issued_at = time(NULL) };
    struct keys keys;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    if (keys_derive(operation->config->secret, &keys) < 0)
        return complain("secret", "is not set, or too short", FAILED);
    if (database_run(operation->database, &sql_core_user_token,
                     PARAMS({ "who", operator_name() }, { "product", said.words[0] }, { "name", said.words[1] }),
                     &result) < 0)
        return complain_of(said.words[1], &result);
    claims.account_id = strtoll(result_text(&result, 0, "id"), NULL, 10);
    claims.expires_at = claims.issued_at + 60 * strtol(said.values[MINUTES], NULL, 10);
    token_jti(claims.jti);
    puts(token_sign(operation->ctx, &keys, TOKEN_ACCESS, said.words[0], &claims));
    return DONE;
}
