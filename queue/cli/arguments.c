/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue/cli/arguments.h"
#include "common/memory.h"
#include <errno.h>
#include <pwd.h>
#include <unistd.h>

enum { TEN_YEARS = 315360000 };

int arguments_complain(const char *what, const char *why, int status)
{
    fflush(stdout);
    fprintf(stderr, "millrace: %s: %s\n", what, why);
    return status;
}

const char *arguments_who(void *ctx)
{
    const struct passwd *who = getpwuid(getuid());
    return COPY(ctx, who ? who->pw_name : "operator");
}

/* ---- times ---- */

int duration_parse(const char *text, long long *ret)
{
    static const struct {
        char letter;
        long long seconds;
    } units[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    size_t digits = strspn(text, "0123456789");
    long long n;

    if (digits == 0 || digits > 9 || (text[digits] && text[digits + 1]))
        return -EINVAL;
    n = strtoll(text, NULL, 10);
    for (size_t i = 0; i < ELEMENTS(units); i++)
        if (units[i].letter == text[digits]) {
            if (n * units[i].seconds > TEN_YEARS)
                return -ERANGE;
            *ret = n * units[i].seconds;
            return 0;
        }
    return -EINVAL;
}

/* Z or +HH:MM at the end of a time: seconds east of Greenwich. */
static int zone_parse(const char *text, long long *ret)
{
    int hours, minutes, length = 0;
    char sign;

    if (!strcmp(text, "Z")) {
        *ret = 0;
        return 0;
    }
    if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &length) != 3 || text[length] ||
        (sign != '+' && sign != '-') || hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return -EINVAL;
    *ret = (sign == '-' ? -1 : 1) * (hours * 3600LL + minutes * 60);
    return 0;
}

int moment_parse(const char *text, long long *ret)
{
    static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M" };

    for (size_t i = 0; i < ELEMENTS(forms); i++) {
        struct tm time = { 0 };
        const char *rest = strptime(text, forms[i], &time);
        long long east;
        int day = time.tm_mday;
        time_t at;

        if (!rest || zone_parse(rest, &east) < 0)
            continue;
        at = timegm(&time);
        if (time.tm_mday != day)
            return -EINVAL; /* there is no 30th of February: it has made another day of it */
        *ret = (long long)at - east;
        return 0;
    }
    return -EINVAL;
}
