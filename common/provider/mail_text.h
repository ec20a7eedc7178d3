/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a mail looks like on the wire (RFC 5322, 2045, 2047). Everything is 7-bit and no line of a body is over 76
 * bytes, so that no relay has a reason to change it. */
#ifndef MILLRACE_MAIL_TEXT_H
#define MILLRACE_MAIL_TEXT_H
#include <stddef.h>
#include <time.h>

struct mail {
    const char *from, *to;   /* "ann@b.example" or "Ann Lee <ann@b.example>" */
    const char *subject;     /* UTF-8, one line of 998 bytes at most */
    const char *text, *html; /* UTF-8, any line ends; html NULL: text only */
    const char *message_id;  /* "unique@host", without angle brackets; the same when the same mail is tried again */
};

struct mail_text {
    const char *text; /* headers and body, with CRLF */
    size_t length;
    const char *from, *to; /* the bare addresses */
};

/* Compose. All strings hang off ctx. -EINVAL when an address is malformed, a header would have a control byte in it
 * (so nobody can add one of his own), or a text is not UTF-8. */
int mail_compose(void *ctx, const struct mail *mail, time_t date, struct mail_text *ret);
#endif
