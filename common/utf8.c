/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/utf8.h"
#include "common/memory.h"

/* The first byte says how many follow, and the least character that may be written so: less is an overlong form. */
static const struct {
    unsigned char mask, lead;
    uint32_t least;
} forms[] = {
    { 0x80, 0x00, 0x1 },
    { 0xe0, 0xc0, 0x80 },
    { 0xf0, 0xe0, 0x800 },
    { 0xf8, 0xf0, 0x10000 },
};

size_t utf8_next(const char *text, uint32_t *ret)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t extra = 0;
    uint32_t value;

    while (extra < ELEMENTS(forms) && (p[0] & forms[extra].mask) != forms[extra].lead)
        extra++;
    if (extra == ELEMENTS(forms))
        return 0;
    value = p[0] & (unsigned char)~forms[extra].mask;
    for (size_t i = 1; i <= extra; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3f);
    }
    if (value < forms[extra].least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *ret = value;
    return extra + 1;
}

bool utf8_check(const char *text)
{
    uint32_t character;
    size_t n;

    for (; *text; text += n)
        if (!(n = utf8_next(text, &character)))
            return false;
    return true;
}
