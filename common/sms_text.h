/* SPDX-License-Identifier: GPL-3.0-or-later
 * A text as text messages: what one costs, and how a longer one is cut. A message holds 160 units of the alphabet that
 * phones have in common (GSM 03.38, whose rarer characters count twice), or, when it has any other character, 70 of
 * UTF-16. */
#ifndef MILLRACE_SMS_TEXT_H
#define MILLRACE_SMS_TEXT_H
#include <stdbool.h>
#include <stddef.h>

enum { SMS_PIECES_MAX = 9 };

/* How long a message may be, in units of either alphabet. */
struct sms_room {
    size_t common, wide;
};

/* Units that a text takes; *ret_wide: in UTF-16, since not all of it is of the common alphabet. */
size_t sms_units(const char *text, bool *ret_wide);

/* The text as phones show it at the least cost, on ctx: typographic quotes, dashes and blanks become those of the
 * common alphabet, tabs blanks; control characters and bytes that are not UTF-8 go; so do blanks around it. */
char *sms_plain(void *ctx, const char *text);

/* Cut a text into at most `most` pieces (1..SMS_PIECES_MAX), on ctx; their number. A piece is cut between words where
 * there are any, and never within a character or what hangs together with it; of several each begins with its place,
 * "1/3 ". What does not fit into all of them is left out, and the last ends with "...". An empty text has none. */
size_t sms_cut(void *ctx, const char *text, struct sms_room room, size_t most, const char **pieces);
#endif
