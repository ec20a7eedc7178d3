/* SPDX-License-Identifier: GPL-3.0-or-later
 * Texts cut into messages. Input: how many at most (1), units of one (1, and 60), the text. */
#include "common/memory.h"
#include "common/sms_text.h"
#include "common/utf8.h"
#include "tests/fuzz/shared/fuzz.h"
#include <string.h>

/* Each piece is within its room, and what they say, one after the other, is a begin of the text without its blanks. */
static void held(const char *text, struct sms_room room, const char *const *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *said = pieces[i] + (count > 1 ? 4 : 0);
        size_t length = strlen(said);
        bool wide;

        MUST(sms_units(pieces[i], &wide) <= (wide ? room.wide : room.common));
        MUST(utf8_check(pieces[i]));
        text += strspn(text, " \n");
        if (i + 1 == count && strncmp(text, said, length) != 0) {
            MUST(length >= 3 && !strcmp(said + length - 3, "..."));
            length -= 3;
        }
        MUST(strncmp(text, said, length) == 0);
        text += length;
    }
}

FUZZ(sms)
{
    autotalloc void *ctx = talloc_new(NULL);
    struct input input = INPUT(data, size);
    size_t most = 1 + input_byte(&input) % SMS_PIECES_MAX, units = 60 + input_byte(&input);
    struct sms_room room = { units, units };
    const char *pieces[SMS_PIECES_MAX];
    char *plain = sms_plain(ctx, input_rest(ctx, &input));
    size_t count = sms_cut(ctx, plain, room, most, pieces);

    MUST(utf8_check(plain));
    MUST(!strcmp(plain, sms_plain(ctx, plain)));
    MUST(count <= most && (count == 0) == !*plain);
    held(plain, room, pieces, count);
}
