/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/format.h"
#include "common/currency.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <errno.h>
#include <stdlib.h>

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"

/* ---- numbers ---- */

static bool number_read(const char *cell, const char **ret_end, int64_t *ret)
{
    const char *digits = cell + (*cell == '-');
    char *end;

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    *ret = strtoll(cell, &end, 10);
    *ret_end = end;
    return errno == 0;
}

bool integer_read(const char *cell, int64_t *ret)
{
    const char *end;
    int64_t value;

    if (!number_read(cell, &end, &value) || *end)
        return false;
    *ret = value;
    return true;
}

bool money_read(const char *cell, struct money *ret)
{
    struct money money = { .minor = 0 };
    const char *end;

    if (!number_read(cell, &end, &money.minor) || *end != ' ' || strlen(end + 1) != 3)
        return false;
    memcpy(money.currency, end + 1, 4);
    money.digits = currency_digits(money.currency);
    if (money.digits < 0)
        return false;
    *ret = money;
    return true;
}

/* Digits with a comma after each three, counted from the right. */
static const char *grouped_digits(void *ctx, const char *digits)
{
    size_t length = strlen(digits), at = 0;
    char *text = memory_check(talloc_size(ctx, length + length / 3 + 1));

    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

const char *money_amount(void *ctx, const struct money *money, bool grouped)
{
    uint64_t minor = money->minor < 0 ? 0 - (uint64_t)money->minor : (uint64_t)money->minor;
    const char *digits = FORMAT(ctx, "%0*llu", money->digits + 1, (unsigned long long)minor), *before;
    size_t length, whole;

    length = strlen(digits);
    whole = length - (size_t)money->digits;
    before = memory_check(talloc_strndup(ctx, digits, whole));
    if (grouped)
        before = grouped_digits(ctx, before);
    return FORMAT(ctx, "%s%s%s%s", money->minor < 0 ? "-" : "", before, money->digits ? "." : "", digits + whole);
}

/* ---- cells ---- */

static const char *integer_shown(void *ctx, const char *cell)
{
    int64_t value;

    if (!integer_read(cell, &value))
        return cell;
    return FORMAT(ctx, "%s%s", *cell == '-' ? "-" : "", grouped_digits(ctx, cell + (*cell == '-')));
}

static const char *money_shown(void *ctx, const char *cell)
{
    struct money money;

    if (!money_read(cell, &money))
        return cell;
    return FORMAT(ctx, "%s %s", money_amount(ctx, &money, true), money.currency);
}

static const char *percent_shown(void *ctx, const char *cell)
{
    return FORMAT(ctx, "%s %%", cell);
}

static const char *date_shown(void *ctx, const char *cell)
{
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    int year, month, day, end = 0;

    if (sscanf(cell, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || cell[end] || month < 1 || month > 12)
        return cell;
    return FORMAT(ctx, "%d %s %d", day, months[month - 1], year);
}

static const char *text_shown(void *ctx, const char *cell)
{
    (void)ctx;
    return cell;
}

const char *cell_shown(void *ctx, enum report_type type, const char *cell)
{
    static const char *(*const shown[REPORT_TYPES])(void *, const char *) = {
        [REPORT_TEXT] = text_shown,       [REPORT_INTEGER] = integer_shown, [REPORT_MONEY] = money_shown,
        [REPORT_PERCENT] = percent_shown, [REPORT_DATE] = date_shown,
    };

    return cell ? shown[type](ctx, cell) : "";
}

/* ---- text ---- */

static bool is_clean(const char *text, size_t most)
{
    size_t n = 0;

    while (text[n] >= ' ' && text[n] < 0x7f)
        n++;
    return !text[n] && n <= most;
}

static bool is_control(uint32_t c)
{
    return c < ' ' || (c >= 0x7f && c < 0xa0);
}

/* What stands for one character of the text; *ret_bytes of it are passed over. */
static const char *char_clean(const char *text, size_t *ret_bytes, char room[5])
{
    uint32_t c;
    size_t n = utf8_next(text, &c);

    *ret_bytes = n ? n : 1;
    if (!n)
        return REPLACEMENT;
    if (c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029)
        return " ";
    if (is_control(c))
        return REPLACEMENT;
    memcpy(room, text, n);
    room[n] = '\0';
    return room;
}

const char *text_clean(void *ctx, const char *text, size_t most)
{
    size_t length = 0, n = 0, room_left;
    char one[5], *clean;

    if (is_clean(text, most))
        return text;
    room_left = strnlen(text, most * 4);
    clean = memory_check(talloc_size(ctx, room_left * 3 + sizeof ELLIPSIS));
    for (size_t count = 0; *text; text += n, count++) {
        const char *shown = count < most ? char_clean(text, &n, one) : ELLIPSIS;
        size_t bytes = strlen(shown);

        memcpy(clean + length, shown, bytes);
        length += bytes;
        if (count == most)
            break;
    }
    clean[length] = '\0';
    return clean;
}
