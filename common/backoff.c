/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/backoff.h"
#include <stdint.h>
#include <sys/random.h>

enum { BACKOFF_MIN = 50, BACKOFF_MAX = 2000 };

int backoff_next(int last)
{
    int base = last > BACKOFF_MAX / 2 ? BACKOFF_MAX : last > 0 ? last * 2 : BACKOFF_MIN;
    uint16_t dice;

    if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
        dice = 0;
    return base - base * (dice % 256) / 1024; /* up to a quarter less, so that many do not come back at once */
}
