/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/direct/report/report_types.h"
#include "sql.h"

#define COLUMN(id, text, of, ...)                                                                                      \
    {                                                                                                                  \
        .name = id, .title = text, .type = REPORT_##of, __VA_ARGS__                                                    \
    }
#define CHART(text, of, by, ...)                                                                                       \
    {                                                                                                                  \
        .title = text, .kind = REPORT_##of, .label = by, .values = { __VA_ARGS__ }                                     \
    }
#define COLUMNS(...) ((const struct report_column[]){ __VA_ARGS__, { .name = NULL } })
#define CHARTS(...) ((const struct report_chart[]){ __VA_ARGS__, { .title = NULL } })
#define SECTIONS(...) ((const struct report_section[]){ __VA_ARGS__, { .title = NULL } })

/* clang-format off */
#define EXPENSES_SUMMARY { .title = "Summary", .kind = REPORT_FACTS, .sql = &sql_worker_report_expenses_facts }
#define EXPENSES_RECEIPTS \
    { .title = "Receipts", .kind = REPORT_PICTURES, .sql = &sql_worker_report_expenses_receipts, .none = "None of these expenses has a receipt." }
#define EXPENSES_TIME \
    { .title = "Spending over time", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_time, .none = "Nothing was spent in this period.", \
      .columns = COLUMNS(COLUMN("day", "From", DATE), COLUMN("n", "Expenses", INTEGER, .total = true), \
                         COLUMN("amount", "Spent", MONEY, .total = true)), \
      .charts = CHARTS(CHART("Spent", LINE, "day", "amount")) }

static const struct report_type_row types[] = {
    { .product = "expenses", .name = "expense_summary", .title = "Expense summary", .head = &sql_worker_report_expenses_head, .sections = SECTIONS(
      EXPENSES_SUMMARY,
      { .title = "Where it went", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_grouped, .none = "Nothing was spent in this period.",
        .columns = COLUMNS(COLUMN("name", "Spent on", TEXT), COLUMN("n", "Expenses", INTEGER, .total = true),
                           COLUMN("amount", "Amount", MONEY, .total = true), COLUMN("share", "Share", PERCENT)),
        .charts = CHARTS(CHART("Shares of the whole", PIE, "name", "amount"),
                         CHART("Amounts", BAR, "name", "amount")) },
      EXPENSES_TIME,
      { .title = "Expenses", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_list, .main = true, .none = "There are no expenses in this period.",
        .columns = COLUMNS(COLUMN("day", "Date", DATE), COLUMN("title", "Title", TEXT, .weight = 4),
                           COLUMN("category", "Category", TEXT, .weight = 2), COLUMN("group", "Group", TEXT, .weight = 2),
                           COLUMN("payer", "Paid by", TEXT, .weight = 2), COLUMN("amount", "Amount", MONEY),
                           COLUMN("own", "Your share", MONEY, .total = true)) },
      EXPENSES_RECEIPTS) },

    { .product = "expenses", .name = "category_breakdown", .title = "Category breakdown", .head = &sql_worker_report_expenses_head, .sections = SECTIONS(
      EXPENSES_SUMMARY,
      { .title = "Categories", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_grouped, .none = "Nothing was spent in this period.",
        .columns = COLUMNS(COLUMN("name", "Category", TEXT), COLUMN("n", "Expenses", INTEGER, .total = true),
                           COLUMN("amount", "Amount", MONEY, .total = true), COLUMN("share", "Share", PERCENT)),
        .charts = CHARTS(CHART("Shares of the whole", PIE, "name", "amount"),
                         CHART("Amounts", BAR, "name", "amount")) },
      { .title = "Categories and what is in them", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_categories, .main = true,
        .none = "Nothing was spent in this period.",
        .columns = COLUMNS(COLUMN("category", "Category", TEXT, .weight = 2), COLUMN("subcategory", "Subcategory", TEXT, .weight = 2),
                           COLUMN("n", "Expenses", INTEGER), COLUMN("amount", "Amount", MONEY),
                           COLUMN("average", "Average", MONEY), COLUMN("share", "Share", PERCENT)) },
      EXPENSES_TIME, EXPENSES_RECEIPTS) },

    { .product = "expenses", .name = "group_summary", .title = "Group summary", .head = &sql_worker_report_expenses_head, .sections = SECTIONS(
      { .title = "Groups", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_groups, .none = "You are in no group.",
        .columns = COLUMNS(COLUMN("name", "Group", TEXT, .weight = 2), COLUMN("type", "Type", TEXT),
                           COLUMN("members", "Members", INTEGER), COLUMN("n", "Expenses", INTEGER, .total = true),
                           COLUMN("amount", "Spent", MONEY), COLUMN("open", "Not settled", MONEY)),
        .charts = CHARTS(CHART("Spent by group", BAR, "name", "amount")) },
      { .title = "Balances", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_balances, .main = true, .none = "You are in no group.",
        .columns = COLUMNS(COLUMN("group", "Group", TEXT), COLUMN("member", "Member", TEXT),
                           COLUMN("paid", "Paid", MONEY), COLUMN("share", "Share", MONEY),
                           COLUMN("balance", "Balance now", MONEY)),
        .charts = CHARTS(CHART("Balances as they are now, in the order of the table", BAR, "member", "balance")) },
      EXPENSES_TIME, EXPENSES_RECEIPTS) },

    { .product = "expenses", .name = "settlement_history", .title = "Settlement history", .head = &sql_worker_report_expenses_head, .sections = SECTIONS(
      { .title = "Summary", .kind = REPORT_FACTS, .sql = &sql_worker_report_expenses_settled },
      { .title = "Paid and received", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_settled_time,
        .none = "Nothing was settled in this period.",
        .columns = COLUMNS(COLUMN("day", "From", DATE), COLUMN("paid", "Paid", MONEY, .total = true),
                           COLUMN("received", "Received", MONEY, .total = true)),
        .charts = CHARTS(CHART("Paid and received", LINE, "day", "paid", "received")) },
      { .title = "Settlements", .kind = REPORT_TABLE, .sql = &sql_worker_report_expenses_settlements, .main = true,
        .none = "There are no settlements in this period.",
        .columns = COLUMNS(COLUMN("day", "Date", DATE), COLUMN("payer", "From", TEXT, .weight = 2),
                           COLUMN("payee", "To", TEXT, .weight = 2), COLUMN("group", "Group", TEXT, .weight = 2),
                           COLUMN("description", "What for", TEXT, .weight = 3), COLUMN("status", "Status", TEXT),
                           COLUMN("method", "Method", TEXT), COLUMN("completed", "Completed", DATE),
                           COLUMN("amount", "Amount", MONEY)) }) },
    { .product = NULL },
};
/* clang-format on */

const struct report_type_row *report_type_find(const char *product, const char *name)
{
    for (const struct report_type_row *row = types; row->product && name; row++)
        if (!strcmp(row->product, product) && !strcmp(row->name, name))
            return row;
    return NULL;
}
