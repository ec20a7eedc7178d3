/* SPDX-License-Identifier: GPL-3.0-or-later
 * The Expense Tracker's endpoints of categories and expenses, one row each. */
#include "fcgi/expenses/expenses.h"
#include "fcgi/expenses/parts.h"
#include "sql.h"

/* clang-format off */
const char *const expenses_picture_types[] = { "image/jpeg", "image/png", "image/webp", NULL };

static const char *const expense_types[] = { "personal", "group", NULL };
static const char *const split_types[] = { "equal", "percentage", "exact", "shares", NULL };

#define EXPENSE_ID { .name = "expense_id", .in = PATH, .type = ID, .flags = REQUIRED, .prefix = "exp_", .doc = "Its id." }

/* What an expense is made of; must: of those that cannot be left out, free: of those that may be null. */
#define TITLE(must) { .name = "title", .type = TEXT, .flags = must | NOT_BLANK, .min = 1, .max = 200, .doc = "What it was." }
#define AMOUNT(must) \
    { .name = "amount", .type = DECIMAL, .flags = must | POSITIVE, .max = 1000000000, .scale = 3, \
      .doc = "As text or as a number, with no more decimals than its currency has." }
#define WORDS(id, most, text) { .name = id, .type = TEXT, .flags = NULLABLE, .max = most, .doc = text }
#define CATEGORY { .name = "category_id", .type = ID, .flags = NULLABLE, .prefix = "cat_", .doc = "Of the categories." }
#define PAID_BY(free) { .name = "paid_by", .type = ID, .flags = free, .prefix = "usr_", .doc = "Who paid; the caller when nothing is said." }
#define EXPENSE_DATE(free) { .name = "expense_date", .type = DATE, .flags = free, .doc = "Today where the caller lives when nothing is said." }
#define CURRENCY_OF(free) \
    { .name = "currency", .type = CURRENCY, .flags = free, .doc = "The group's, else the caller's, when nothing is said. Another than the " \
      "group's is converted at the rate of the expense's day." }
#define SPLIT_TYPE(flag) { .name = "split_type", .type = ENUM, .flags = flag, .values = split_types, .doc = "How it is split; equally when nothing is said." }
#define SPLIT_DATA(flag) \
    { .name = "split_data", .type = OBJECT, .flags = flag, .max = 32768, \
      .doc = "Of an equal split {\"participants\": [user, ...]}, all of the group when it is left out; of others {user: percentage, amount " \
             "or number of parts}. Units that are left over go to the largest remainders, of equal ones in the order sent." }
#define TAGS \
    { .name = "tags", .type = LIST, .flags = NULLABLE, .max = 20, .doc = "Words to find it by.", \
      .fields = FIELDS({ .name = "tag", .type = TEXT, .flags = REQUIRED | NOT_BLANK, .min = 1, .max = 50 }) }

/* ---- answers ---- */

#define CATEGORY_OUT OUT(TEXT, "id"), OUT(TEXT, "name"), OUT(TEXT, "icon"), OUT(TEXT, "color")
#define NULLABLE_OBJECT(id, ...) \
    { .name = id, .type = OBJECT, .flags = REQUIRED | NULLABLE, .fields = FIELDS(__VA_ARGS__) }
#define EXPENSE_OUT(...) \
    OUT(TEXT, "id"), OUT(TEXT, "title"), OUT(TEXT, "description"), OUT(TEXT, "amount"), \
    OUT_OBJECT("currency", OUT(TEXT, "code"), OUT(TEXT, "symbol"), __VA_ARGS__), NULLABLE_OBJECT("category", CATEGORY_OUT), \
    OUT(TEXT, "expense_type"), NULLABLE_OBJECT("group", OUT(TEXT, "id"), OUT(TEXT, "name")), \
    OUT_OBJECT("paid_by", PERSON_OUT, OUT_NULLABLE(TEXT, "avatar")), OUT(TEXT, "expense_date"), OUT(TEXT, "split_type"), \
    OUT_OBJECTS("participants", OUT(TEXT, "user_id"), OUT(TEXT, "name"), OUT(TEXT, "share"), OUT(BOOLEAN, "is_settled")), \
    OUT_NULLABLE(TEXT, "receipt"), OUT_LIST("tags", { .name = "tag", .type = TEXT }), OUT(BOOLEAN, "is_settled"), \
    OUT(TEXT, "created_at"), OUT(TEXT, "updated_at"), OUT_NULLABLE(TEXT, "vendor"), OUT_NULLABLE(TEXT, "location"), \
    { .name = "participant_count", .type = INTEGER, .flags = REQUIRED, .doc = "All of them; the first ten are shown here." }
#define NOTHING_MORE { .name = NULL }
static const struct field expense_out[] = { EXPENSE_OUT(NOTHING_MORE), { .name = NULL } };

#define OCR_OUT OUT_NULLABLE(OBJECT, "ocr_data")
static const struct field comment_out[] = {
    OUT(TEXT, "id"), OUT_OBJECT("user", PERSON_OUT), OUT(TEXT, "comment"), OUT(TEXT, "created_at"), { .name = NULL },
};
static const struct field expense_detail[] = {
    EXPENSE_OUT(OUT_NULLABLE(TEXT, "exchange_rate_to_usd")),
    OUT_OBJECTS("shares", OUT(TEXT, "id"), OUT_OBJECT("user", PERSON_OUT, OUT_NULLABLE(TEXT, "avatar")), OUT(TEXT, "amount"),
                OUT(BOOLEAN, "is_settled"), OUT_NULLABLE(TEXT, "settled_at")),
    OUT_LIST("comments", { .name = "comment", .type = OBJECT, .fields = comment_out }),
    OUT_OBJECTS("activity", OUT(TEXT, "type"), OUT(TEXT, "user"), OUT(TEXT, "timestamp")),
    OUT_NULLABLE(TEXT, "ocr_status"), OCR_OUT, { .name = NULL },
};

/* ---- filters ---- */

#define DAY(id, text) { .name = id, .in = QUERY, .type = DATE, .doc = text }
#define BOUND(id, text) { .name = id, .in = QUERY, .type = DECIMAL, .max = 1000000000, .scale = 3, .doc = text }
#define FILTER_ID(id, start, text) { .name = id, .in = QUERY, .type = ID, .prefix = start, .doc = text }
#define FILTER_WORDS(id, most, text) { .name = id, .in = QUERY, .type = TEXT, .min = 1, .max = most, .doc = text }

const struct endpoint expenses_expense_rows[] = {
    ENDPOINT(expenses, category_list,
        .method = GET, .path = "/api/categories/", .list = 100,
        .doc = "What expenses can be of, each in front of what is below it.",
        .out = FIELDS(CATEGORY_OUT, OUT(TEXT, "slug"), OUT_NULLABLE(TEXT, "parent_id"))),
    ENDPOINT(expenses, expense_list,
        .method = GET, .path = "/api/expenses/", .list = 20,
        .doc = "The expenses of the caller's groups and his own, the latest first.",
        .in = FIELDS(FILTER_ID("group_id", "grp_", "Only of this group."),
                     FILTER_ID("category_id", "cat_", "Only of this category and what is below it."),
                     FILTER_WORDS("category", 100, "The same, by its id, slug or name."),
                     FILTER_ID("paid_by", "usr_", "Only what this user has paid."),
                     DAY("date_from", "From this day on."), DAY("date_to", "Up to this day."),
                     FILTER_WORDS("date_range", 50, "Both, as 2024-01-01,2024-01-31."),
                     BOUND("amount_min", "At least this amount, each in its own currency."), BOUND("amount_max", "At most this amount."),
                     BOUND("amount_gt", "More than this amount."), BOUND("amount_lt", "Less than this amount."),
                     { .name = "is_settled", .in = QUERY, .type = BOOLEAN, .doc = "Only those of which nothing is owed any more, or others." },
                     FILTER_WORDS("search", 200, "Only those that have this in their title or description."),
                     { .name = "sort", .in = QUERY, .type = TEXT, .min = 1, .max = 100, .standard = "-expense_date",
                       .doc = "Any of expense_date, amount, title, created_at and updated_at, joined by commas; with - downwards." }),
        .out = expense_out),
    ENDPOINT(expenses, expense_create,
        .method = POST, .path = "/api/expenses/", .status = 201,
        .doc = "Enter an expense: of a group, or one of the caller's own.",
        .in = FIELDS(TITLE(REQUIRED), WORDS("description", 2000, "More of it."), AMOUNT(REQUIRED), CURRENCY_OF(NULLABLE), CATEGORY,
                     { .name = "expense_type", .type = ENUM, .flags = NULLABLE, .values = expense_types, .doc = "Follows from group_id." },
                     { .name = "group_id", .type = ID, .flags = NULLABLE, .prefix = "grp_", .doc = "Whose it is; nobody else's when it is left out." },
                     PAID_BY(NULLABLE), EXPENSE_DATE(NULLABLE), SPLIT_TYPE(NULLABLE), SPLIT_DATA(NULLABLE), TAGS,
                     WORDS("vendor", 200, "Where it was bought."), WORDS("location", 200, "Where that is.")),
        .out = expense_out),
    ENDPOINT(expenses, expense_get,
        .method = GET, .path = "/api/expenses/{expense_id}/",
        .doc = "An expense with its shares, its latest comments and what was done with it.",
        .in = FIELDS(EXPENSE_ID), .out = expense_detail),
    ENDPOINT(expenses, expense_update,
        .method = PUT, .path = "/api/expenses/{expense_id}/",
        .doc = "Change an expense: what is left out stays. Who entered or paid it may, and the group's admins.",
        .in = FIELDS(EXPENSE_ID, TITLE(0), WORDS("description", 2000, "Null clears it."), AMOUNT(0), CURRENCY_OF(0), CATEGORY, PAID_BY(0),
                     EXPENSE_DATE(0), SPLIT_TYPE(0), SPLIT_DATA(0), TAGS, WORDS("vendor", 200, "Null clears it."),
                     WORDS("location", 200, "Null clears it.")),
        .out = expense_detail),
    ENDPOINT(expenses, expense_delete,
        .method = DELETE, .path = "/api/expenses/{expense_id}/", .status = 204,
        .doc = "Take an expense away, of which nobody else has settled anything.",
        .in = FIELDS(EXPENSE_ID)),
    ENDPOINT(expenses, expense_split,
        .method = POST, .path = "/api/expenses/{expense_id}/split/",
        .doc = "Split an expense in another way.",
        .in = FIELDS(EXPENSE_ID, SPLIT_TYPE(REQUIRED), SPLIT_DATA(REQUIRED)),
        .out = FIELDS(OUT_OBJECTS("shares", OUT(TEXT, "user_id"), OUT(TEXT, "amount"), OUT(NUMBER, "percentage")))),
    ENDPOINT(expenses, comment_create,
        .method = POST, .path = "/api/expenses/{expense_id}/comments/", .status = 201,
        .doc = "Comment on an expense that the caller takes part in.",
        .in = FIELDS(EXPENSE_ID, { .name = "comment", .type = TEXT, .flags = REQUIRED | NOT_BLANK, .min = 1, .max = 2000,
                                   .doc = "What to say." }),
        .out = comment_out),
    ENDPOINT(expenses, receipt_create,
        .method = POST, .path = "/api/expenses/{expense_id}/receipt/", .parts = true,
        .doc = "Send the receipt of an expense that the caller takes part in, in the place of one there was. What is read on it changes "
               "nothing; when reading takes longer the expense shows it later.",
        .job = "ai.ocr", .wait = 8, .after = &sql_expenses_receipt_read,
        .in = FIELDS(EXPENSE_ID, { .name = "receipt", .type = FILE_PART, .flags = REQUIRED, .max = 10485760, .values = expenses_picture_types,
                                   .doc = "JPEG, PNG or WebP, at most 10 MiB." }),
        .out = FIELDS(OUT(TEXT, "receipt_url"), OCR_OUT, OUT(TEXT, "ocr_status"))),
    ENDPOINTS_GO_ON(expenses_payment_rows),
};
/* clang-format on */
