/* SPDX-License-Identifier: GPL-3.0-or-later
 * The accounts of the products, and access tokens for them. */
#include "common/database.h"
#include "common/memory.h"
#include "common/text.h"
#include "common/token.h"
#include "queue/cli/options.h"
#include "queue/cli/password.h"
#include "queue/cli/products.h"
#include "queue/cli/table.h"
#include "sql.h"

static const char *const roles[] = { "user", "admin", NULL };

/* ---- what is done ---- */

struct deed {
    const char *product, *name, *role, *tier, *email, *hash, *limit;
    bool json;
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

static int do_list(struct operation *operation, struct deed *deed)
{
    return list_users(operation, deed->product, deed->limit, deed->json);
}

static const struct action {
    const char *name;
    int (*run)(struct operation *operation, struct deed *deed);
    int words;
    bool changes; /* the role and the tier */
    const char *takes;
} actions[] = {
    { "add", do_add, 3, true, "takes PRODUCT NAME EMAIL, --role and --tier" },
    { "list", do_list, 1, false, "takes PRODUCT, --limit and --json" },
    { "set", do_set, 2, true, "takes PRODUCT NAME, --role and --tier" },
    { "password", do_password, 2, false, "takes PRODUCT NAME" },
    { "sign-out", do_sign_out, 2, false, "takes PRODUCT NAME" },
};

static const struct action *action_find(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(actions); i++)
        if (!strcmp(actions[i].name, name))
            return &actions[i];
    return NULL;
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
    const struct action *action;
    struct deed deed = { 0 };
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    deed = (struct deed){ .product = said.words[1],
                          .name = said.count > 2 ? said.words[2] : NULL,
                          .email = said.count > 3 ? said.words[3] : NULL,
                          .role = said.values[ROLE],
                          .tier = said.values[TIER],
                          .limit = said.values[LIMIT],
                          .json = said.values[JSON] };
    action = action_find(said.words[0]);
    if (!action)
        return complain(said.words[0], "is no action: add, list, set, password, sign-out", USAGE);
    if (said.count != action->words + 1 || ((deed.role || deed.tier) && !action->changes))
        return complain(FORMAT(operation->ctx, "user %s", action->name), action->takes, USAGE);
    status = product_check(operation->ctx, deed.product);
    return status == DONE ? action->run(operation, &deed) : status;
}

/* What proves to its product who an account is. */
static const char *token_text(struct operation *operation, const char *product, const struct result *account,
                              long minutes)
{
    struct claims claims = { .issued_at = time(NULL) };
    long long id = strtoll(result_text(account, 0, "id"), NULL, 10);
    char *text;

    if (product_has_api_tokens(product)) {
        const struct api_token token = { .account_id = id,
                                         .generation = (int)strtol(result_text(account, 0, "generation"), NULL, 10) };
        text = memory_check(talloc_size(operation->ctx, API_TOKEN_HEX + 1));
        api_token_make(operation->config->keys, product, &token, text);
        return text;
    }
    claims.account_id = id;
    claims.expires_at = claims.issued_at + 60 * minutes;
    token_jti(claims.jti);
    return token_sign(operation->ctx, operation->config->keys, TOKEN_ACCESS, product, &claims);
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
                        .doc = "how long it is good for (60)" } },
        OPTIONS_END,
    };
    static const struct guide guide = {
        "token",
        "PRODUCT NAME",
        "Print an access token of an account, to try the API with; of the SMS agent its API token.\n"
        "NAME: user name or address.",
        options,
        2,
        2
    };
    autoresult struct result result = { 0 };
    const char *product, *minutes;
    struct said said;
    int status;

    if (!options_read(operation->ctx, &guide, operation->words, &said, &status))
        return status;
    product = said.words[0];
    minutes = said.values[MINUTES];
    status = product_check(operation->ctx, product);
    if (status != DONE)
        return status;
    if (minutes && product_has_api_tokens(product))
        return complain(
            "--minutes",
            FORMAT(operation->ctx, "an API token holds until millrace user sign-out %s %s", product, said.words[1]),
            USAGE);
    if (database_run(operation->database, &sql_core_user_token,
                     PARAMS({ "who", operator_name() }, { "product", product }, { "name", said.words[1] }),
                     &result) < 0)
        return complain_of(said.words[1], &result);
    puts(token_text(operation, product, &result, minutes ? strtol(minutes, NULL, 10) : 60));
    return DONE;
}
