/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/sms_text.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <string.h>

/* ---- the alphabet ---- */

/* GSM 03.38 beyond ASCII, and what it has twice the cost for. */
static const char common_more[] = "£¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
static const char common_twice[] = "^{}\\[~]|€";
static const char common_not[] = "`"; /* of ASCII */

static bool has(const char *set, uint32_t wanted)
{
    uint32_t character;

    for (size_t n; *set; set += n) {
        n = utf8_next(set, &character);
        if (character == wanted)
            return true;
    }
    return false;
}

/* Units of a character in the common alphabet; 0: it is not of it. */
static size_t common_units(uint32_t character)
{
    if (has(common_twice, character))
        return 2;
    if (character == '\n' || character == '\r')
        return 1;
    if (character < 0x80)
        return character >= ' ' && character != 0x7f && !has(common_not, character);
    return has(common_more, character);
}

static size_t wide_units(uint32_t character)
{
    return character > 0xffff ? 2 : 1;
}

/* What a stretch of text takes. */
struct cost {
    size_t common, wide;
    bool is_wide;
};

static void cost_add(struct cost *cost, uint32_t character)
{
    size_t units = common_units(character);

    cost->common += units;
    cost->wide += wide_units(character);
    cost->is_wide |= units == 0;
}

static bool cost_fits(const struct cost *cost, struct sms_room room)
{
    return cost->is_wide ? cost->wide <= room.wide : cost->common <= room.common;
}

size_t sms_units(const char *text, bool *ret_wide)
{
    struct cost cost = { 0 };
    uint32_t character;

    for (size_t n; (n = utf8_next(text, &character)) > 0; text += n)
        cost_add(&cost, character);
    *ret_wide = cost.is_wide;
    return cost.is_wide ? cost.wide : cost.common;
}

/* ---- making it plain ---- */

static const struct {
    const char *fancy, *plain;
} plainly[] = {
    { "‘", "'" },   { "’", "'" },      { "‚", "," },      { "“", "\"" },     { "”", "\"" }, { "„", "\"" }, { "`", "'" },
    { "–", "-" },   { "—", "-" },      { "‐", "-" },      { "‑", "-" },      { "−", "-" },  { "•", "-" },  { "·", "-" },
    { "…", "..." }, { "\u00a0", " " }, { "\u202f", " " }, { "\u2009", " " }, { "\t", " " }, { "×", "x" },  { "\r", "" },
};

static const char *plain_of(const char *at, size_t length)
{
    for (size_t i = 0; i < ELEMENTS(plainly); i++)
        if (strlen(plainly[i].fancy) == length && !memcmp(plainly[i].fancy, at, length))
            return plainly[i].plain;
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n';
}

char *sms_plain(void *ctx, const char *text)
{
    char *made = memory_check(talloc_size(ctx, strlen(text) * 3 + 1)), *to = made;
    uint32_t character;

    while (*text) {
        size_t n = utf8_next(text, &character);
        const char *plain = n ? plain_of(text, n) : "";

        if (plain)
            to = mempcpy(to, plain, strlen(plain));
        else if (character == '\n' || (character >= ' ' && character != 0x7f && (character < 0x80 || character > 0x9f)))
            to = mempcpy(to, text, n);
        text += n ? n : 1;
    }
    while (to > made && is_blank(to[-1]))
        to--;
    *to = '\0';
    return memory_check(talloc_strdup(ctx, made + strspn(made, " \n")));
}

/* ---- cutting ---- */

static bool between(uint32_t character, uint32_t first, uint32_t last)
{
    return character >= first && character <= last;
}

/* What was seen last. */
struct seen {
    uint32_t character;
    unsigned halves; /* of flags, in a row */
};

/* Whether a character belongs to the one before it: accents, variants, skin, what a joiner joins, the other half of a
 * flag. */
static bool belongs(struct seen *seen, uint32_t character)
{
    bool joined = seen->character == 0x200d;

    seen->halves = between(character, 0x1f1e6, 0x1f1ff) ? seen->halves + 1 : 0;
    seen->character = character;
    return joined || between(character, 0x300, 0x36f) || between(character, 0x1ab0, 0x1aff) ||
           between(character, 0x20d0, 0x20ff) || between(character, 0xfe00, 0xfe0f) ||
           between(character, 0x1f3fb, 0x1f3ff) || character == 0x200d || (seen->halves && seen->halves % 2 == 0);
}

/* Bytes of the text that fit, cut at the last good place. */
static size_t fitting(const char *text, struct sms_room room)
{
    size_t at = 0, word = 0, whole = 0;
    struct cost cost = { 0 };
    struct seen seen = { 0 };
    uint32_t character;

    for (size_t n; (n = utf8_next(text + at, &character)) > 0; at += n) {
        if (is_blank(text[at]))
            word = at;
        if (!belongs(&seen, character))
            whole = at;
        cost_add(&cost, character);
        if (!cost_fits(&cost, room))
            return word ? word : whole ? whole : at;
    }
    return at;
}

static struct sms_room less(struct sms_room room, size_t units)
{
    return (struct sms_room){ room.common - units, room.wide - units };
}

/* What is left of a text when its begin has been told. */
static const char *behind(const char *text, size_t length)
{
    text += length;
    return text + strspn(text, " \n");
}

size_t sms_cut(void *ctx, const char *text, struct sms_room room, size_t most, const char **pieces)
{
    static const char more[] = "...";
    enum { PLACE = 4 }; /* "1/3 " */
    const char *cut[SMS_PIECES_MAX], *rest = text;
    size_t count = 0, length = fitting(text, room);

    if (!*text)
        return 0;
    if (!text[length] || most < 2) {
        bool all = !text[length];

        length = all ? length : fitting(text, less(room, sizeof more - 1));
        pieces[0] = FORMAT(ctx, "%.*s%s", (int)length, text, all ? "" : more);
        return 1;
    }
    for (bool last; *rest && count < most; count++) {
        length = fitting(rest, less(room, PLACE));
        last = count + 1 == most && *behind(rest, length);
        if (last)
            length = fitting(rest, less(room, PLACE + sizeof more - 1));
        cut[count] = FORMAT(ctx, "%.*s%s", (int)length, rest, last ? more : "");
        rest = behind(rest, length);
    }
    for (size_t i = 0; i < count; i++)
        pieces[i] = FORMAT(ctx, "%zu/%zu %s", i + 1, count, cut[i]);
    return count;
}
