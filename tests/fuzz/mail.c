/* SPDX-License-Identifier: GPL-3.0-or-later
 * Mails, in which clients have a say: nobody adds a header or a recipient of his own. Input: lines with from, to,
 * subject and id, the text. */
#include "common/memory.h"
#include "common/provider/mail_text.h"
#include "tests/fuzz/shared/fuzz.h"
#include <errno.h>
#include <strings.h>

static const char *const known[] = { "From:",         "To:",      "Subject:",        "Date:", "Message-ID:",
                                     "MIME-Version:", "Content-", "Auto-Submitted:", " " };

static bool is_known(const char *line)
{
    for (size_t i = 0; i < ELEMENTS(known); i++)
        if (!strncasecmp(line, known[i], strlen(known[i])))
            return true;
    return false;
}

/* Lines end with CRLF, have no other CR or LF, are short, and of visible ASCII. */
static void hold_lines(const struct mail_text *mail)
{
    bool head = true;

    MUST(strlen(mail->text) == mail->length && mail->length >= 2);
    for (const char *line = mail->text, *end; *line; line = end + 2) {
        end = strstr(line, "\r\n");
        MUST(end && end - line <= (head ? 998 : 76));
        for (const char *p = line; p < end; p++)
            MUST((*p >= ' ' && *p < 0x7f) || *p == '\t');
        head = head && end > line;
        MUST(!head || is_known(line));
    }
}

static void hold_address(const char *address)
{
    MUST(strlen(address) <= 254 && strchr(address, '@') && !strpbrk(address, "<> \r\n,;"));
}

FUZZ(mail)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    struct mail mail = { 0 };
    struct mail_text text = { 0 };
    int r;

    mail.from = input_line(ctx, &input);
    mail.to = input_line(ctx, &input);
    mail.subject = input_line(ctx, &input);
    mail.message_id = input_line(ctx, &input);
    mail.text = input_rest(ctx, &input);
    mail.html = strstr(mail.text, "<p>");
    r = mail_compose(ctx, &mail, 1700000000, &text);
    if (r < 0) {
        MUST(r == -EINVAL && !text.text);
        return;
    }
    hold_lines(&text);
    hold_address(text.from);
    hold_address(text.to);
}
