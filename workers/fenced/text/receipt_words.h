/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a line of a receipt is about, by the words in it. */
#ifndef MILLRACE_TEXT_RECEIPT_WORDS_H
#define MILLRACE_TEXT_RECEIPT_WORDS_H

enum receipt_role {
    ROLE_NONE,
    ROLE_SUBTOTAL,
    ROLE_TOTAL,
    ROLE_TAX,
    ROLE_TIP,
    ROLE_DISCOUNT,
    ROLE_PAYMENT, /* what was handed over and given back */
    ROLE_OTHER,   /* telephone, table, cashier, how many articles: neither bought nor paid */
    ROLE_HEADING, /* "Receipt", "Thank you": and no name of a shop */
};

/* The role of a line, and of a total how much it says so: "grand total" more than "total", that more than "amount".
 * Words are looked for in several languages, whatever their case and accents, and also where one letter of a long one
 * is misread. */
enum receipt_role receipt_role(const char *line, int *ret_weight);

enum { PLAIN_MAX = 256 };
/* A line in small Latin letters and single blanks, one at each end; accents are left away, as is what lies beyond. */
void receipt_plain(const char *line, char ret[static PLAIN_MAX]);
#endif
