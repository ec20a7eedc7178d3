/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/provider/mail_text.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <errno.h>
#include <sodium.h>

enum {
    ADDRESS_MAX = 254,
    NAME_MAX_BYTES = 200,
    SUBJECT_MAX = 998,
    PLAIN_MAX = 900, /* longer ASCII subjects are encoded, which folds them: a line has 998 bytes at most */
    WORD_BYTES = 39, /* of UTF-8 in an encoded word: a line of "Subject: " and one has 73 bytes, 76 are allowed */
    LINE = 75        /* of quoted-printable, before the = of a soft break */
};

/* No quoted-printable text has an = before an underscore, so no body can contain the boundary. */
#define BOUNDARY "=_millrace"

struct mailbox {
    char *name; /* NULL: none */
    char *address;
};

static bool is_header_text(const char *text, size_t max)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    return strlen(text) <= max && utf8_check(text);
}

/* local@domain of visible ASCII without what has a meaning of its own in a header or an SMTP command. */
static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');

    if (!at || at == text || !at[1] || strchr(at + 1, '@') || strlen(text) > ADDRESS_MAX)
        return false;
    for (const char *p = text; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f || strchr("<>()[],;:\\\"", *p))
            return false;
    return true;
}

/* text without spaces, and then without quotes, around it. */
static char *bare(void *ctx, const char *text, size_t length)
{
    while (length && text[length - 1] == ' ')
        length--;
    while (length && *text == ' ') {
        text++;
        length--;
    }
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    return memory_check(talloc_strndup(ctx, text, length));
}

static int mailbox_parse(void *ctx, const char *text, struct mailbox *ret)
{
    struct mailbox box = { NULL, NULL };
    const char *open = strrchr(text, '<');
    size_t length = strlen(text);

    if (!is_header_text(text, NAME_MAX_BYTES + ADDRESS_MAX))
        return -EINVAL;
    if (open) {
        if (text[length - 1] != '>')
            return -EINVAL;
        box.address = memory_check(talloc_strndup(ctx, open + 1, strlen(open) - 2));
        box.name = bare(ctx, text, (size_t)(open - text));
        if (strlen(box.name) > NAME_MAX_BYTES)
            return -EINVAL;
        if (!*box.name)
            box.name = NULL;
    } else {
        box.address = COPY(ctx, text);
    }
    if (!is_address(box.address))
        return -EINVAL;
    *ret = box;
    return 0;
}

static bool is_ascii(const char *text)
{
    while (*text && !((unsigned char)*text & 0x80))
        text++;
    return !*text;
}

/* Bytes of text, WORD_BYTES at most, that end between two characters. */
static size_t word_length(const char *text)
{
    size_t length = 0, n;
    uint32_t character;

    while ((n = utf8_next(text + length, &character)) && length + n <= WORD_BYTES)
        length += n;
    return length;
}

static char *encoded_words(void *ctx, const char *text)
{
    char *words = COPY(ctx, "");

    while (*text) {
        char word[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_ORIGINAL)];
        size_t n = word_length(text);

        sodium_bin2base64(word, sizeof word, (const unsigned char *)text, n, sodium_base64_VARIANT_ORIGINAL);
        words = memory_check(talloc_asprintf_append(words, "%s=?UTF-8?B?%s?=", *words ? "\r\n " : "", word));
        text += n;
    }
    return words;
}

/* What looks like an encoded word but is none must become one, or it would be shown decoded. */
static const char *header_text(void *ctx, const char *text)
{
    if (is_ascii(text) && !strstr(text, "=?") && strlen(text) <= PLAIN_MAX)
        return text;
    return encoded_words(ctx, text);
}

static const char *header_mailbox(void *ctx, const struct mailbox *box)
{
    char *quoted, *to;

    if (!box->name)
        return box->address;
    if (!is_ascii(box->name) || strstr(box->name, "=?"))
        return FORMAT(ctx, "%s\r\n <%s>", encoded_words(ctx, box->name), box->address);
    quoted = to = memory_check(talloc_size(ctx, 2 * strlen(box->name) + 1));
    for (const char *p = box->name; *p; p++) {
        if (*p == '"' || *p == '\\')
            *to++ = '\\';
        *to++ = *p;
    }
    *to = '\0';
    return FORMAT(ctx, "\"%s\" <%s>", quoted, box->address);
}

/* strftime's names depend on the locale. */
static const char *header_date(void *ctx, time_t date)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    struct tm utc;

    gmtime_r(&date, &utc);
    return FORMAT(ctx, "%s, %d %s %d %02d:%02d:%02d +0000", days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon],
                  1900 + utc.tm_year, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/* Bytes of the line end at p: CRLF, LF or CR; 0 for none. */
static size_t line_end(const char *p)
{
    if (p[0] == '\r')
        return p[1] == '\n' ? 2 : 1;
    return p[0] == '\n';
}

/* As it is, or as =XX: what is not visible ASCII, spaces at a line's end (relays cut them off) and a dot at its start
 * (which SMTP doubles). */
static int quoted_byte(char to[4], const char *p, size_t column)
{
    unsigned char c = (unsigned char)*p;
    bool blank = c == ' ' || c == '\t';
    bool last = !p[1] || line_end(p + 1);

    if ((blank && !last) || (c > 0x20 && c < 0x7f && c != '=' && !(c == '.' && !column)))
        return snprintf(to, 4, "%c", c);
    return snprintf(to, 4, "=%02X", c);
}

/* Quoted-printable with CRLF, ending in one. */
static char *quoted_printable(void *ctx, const char *text)
{
    /* A byte becomes three at most, with a soft break of three after each 25 or more; a line end becomes two. */
    char *quoted = memory_check(talloc_size(ctx, 4 * strlen(text) + 3)), *to = quoted;
    size_t column = 0;

    while (*text) {
        size_t end = line_end(text);
        char byte[4];
        int n;

        if (end) {
            to = mempcpy(to, "\r\n", 2);
            text += end;
            column = 0;
            continue;
        }
        n = quoted_byte(byte, text++, column);
        if (column + (size_t)n > LINE) {
            to = mempcpy(to, "=\r\n", 3);
            n = quoted_byte(byte, text - 1, column = 0);
        }
        to = mempcpy(to, byte, (size_t)n);
        column += (size_t)n;
    }
    if (column)
        to = mempcpy(to, "\r\n", 2);
    *to = '\0';
    return quoted;
}

static char *part(void *ctx, const char *type, const char *text)
{
    return FORMAT(ctx, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%s",
                  type, quoted_printable(ctx, text));
}

static char *body(void *ctx, const struct mail *mail)
{
    if (!mail->html)
        return part(ctx, "plain", mail->text);
    return FORMAT(ctx,
                  "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n"
                  "--" BOUNDARY "\r\n%s\r\n--" BOUNDARY "\r\n%s\r\n--" BOUNDARY "--\r\n",
                  part(ctx, "plain", mail->text), part(ctx, "html", mail->html));
}

int mail_compose(void *ctx, const struct mail *mail, time_t date, struct mail_text *ret)
{
    autotalloc void *scratch = talloc_new(NULL);
    struct mailbox from, to;
    char *text;

    if (mailbox_parse(ctx, mail->from, &from) < 0 || mailbox_parse(ctx, mail->to, &to) < 0)
        return -EINVAL;
    if (!is_header_text(mail->subject, SUBJECT_MAX) || !is_address(mail->message_id))
        return -EINVAL;
    if (!utf8_check(mail->text) || (mail->html && !utf8_check(mail->html)))
        return -EINVAL;
    text = FORMAT(ctx,
                  "Date: %s\r\nFrom: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s>\r\n"
                  "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n%s",
                  header_date(scratch, date), header_mailbox(scratch, &from), header_mailbox(scratch, &to),
                  header_text(scratch, mail->subject), mail->message_id, body(scratch, mail));
    *ret = (struct mail_text){ .text = text, .length = strlen(text), .from = from.address, .to = to.address };
    return 0;
}
